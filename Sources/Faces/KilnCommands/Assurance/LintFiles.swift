import KilnDiagnostics
import KilnLint
import KilnSystem
import SystemPackage

/// The files below the paths that were named, as far as they may hold something to lint.
struct LintFiles {
    /// Folders that hold what others wrote, or what tools made.
    private static let skipped: Set<String> = [
        ".git", ".hg", ".svn", "node_modules", "vendor", ".terraform", ".build", ".venv", "venv",
        "__pycache__",
        ".tox", ".cache", "target", ".idea", ".vscode", "bower_components", ".pytest_cache",
    ]
    private static let largest: Int64 = 4 << 20
    private static let deepest = 40

    private(set) var inputs: [Linter.Input] = []
    private var neighbours: [String: Neighbours] = [:]

    /// `-` is what comes in on stdin.
    static func read(_ paths: [String], kind: FileKind?) throws -> [Linter.Input] {
        var files = LintFiles()
        for path in paths {
            if path == "-" {
                files.inputs.append(
                    Linter.Input(
                        LintSource(name: "<stdin>", bytes: try Files.read("/dev/stdin", limit: Int(largest)))
                    )
                )
                continue
            }
            let place = FilePath(path)
            guard let facts = Files.facts(place, followingSymlinks: true) else {
                throw DiagnosticFailure(
                    Diagnostic(code: "lint.missing", "there is no file or folder \(path)", exitStatus: .usage)
                )
            }
            if facts.kind == .directory {
                try files.walk(place, shown: path == "." ? "" : place.string, depth: 0)
            } else {
                // Of a file that was named, the folders up to this one may hold what it names.
                let folders = path.split(separator: "/").dropLast()
                let above =
                    path.hasPrefix("/") || folders.contains("..") ? 0 : folders.filter { $0 != "." }.count
                try files.take(place, shown: path, size: facts.size, above: above, isNamed: true)
            }
        }
        return files.inputs
    }

    private mutating func walk(_ folder: FilePath, shown: String, depth: Int) throws {
        guard depth < Self.deepest else { return }
        for name in try Files.list(folder).sorted() {
            let path = folder.appending(name)
            let shownName = shown.isEmpty ? name : shown + "/" + name
            guard let facts = Files.facts(path) else { continue }
            switch facts.kind {
            case .directory where !Self.skipped.contains(name):
                try walk(path, shown: shownName, depth: depth + 1)
            case .file where Self.isCandidate(name):
                try take(path, shown: shownName, size: facts.size, above: depth, isNamed: false)
            default: continue
            }
        }
    }

    private mutating func take(
        _ path: FilePath,
        shown: String,
        size: Int64,
        above: Int,
        isNamed: Bool
    ) throws {
        guard size <= Self.largest else {
            guard isNamed else { return }
            throw DiagnosticFailure(
                Diagnostic(
                    code: "lint.too-large",
                    "\(shown) has more than \(Self.largest >> 20) MiB",
                    exitStatus: .usage
                )
            )
        }
        let bytes = try Files.read(path, limit: Int(Self.largest))
        inputs.append(Linter.Input(LintSource(name: shown, bytes: bytes), neighbours: beside(path, above)))
    }

    /// Names that may belong to something that is linted; what a file is its content tells.
    private static func isCandidate(_ name: String) -> Bool {
        let lower = name.lowercased()
        guard lower != LintSettingsFile.name, lower != "package.json", lower != "package-lock.json" else {
            return false
        }
        let endings = [".yaml", ".yml", ".json", ".tf", ".pkr.hcl", ".dockerfile", ".containerfile"]
        return endings.contains(where: lower.hasSuffix) || lower.hasPrefix("dockerfile")
            || lower.hasPrefix("containerfile")
    }

    /// Files of the folder, read when a configuration names them.
    private mutating func beside(_ path: FilePath, _ above: Int) -> Neighbours {
        let folder = path.removingLastComponent()
        if let known = neighbours[folder.string] { return known }
        let names = ((try? Files.list(folder.string.isEmpty ? "." : folder)) ?? []).sorted()
        let found = Neighbours(names: names, above: above) { name in
            var text = name
            while text.hasPrefix("./") { text.removeFirst(2) }
            guard !text.hasPrefix("/") else { return nil }
            return try? Files.read(folder.pushing(FilePath(text)), limit: 1 << 20)
        }
        neighbours[folder.string] = found
        return found
    }
}
