/// Looks for secrets in files, one at a time. Pure: the same file gives the same findings.
package struct SecretScanner: Sendable {
    /// Grows when what is found changes, so that what was kept of an earlier look is looked at again.
    package static let version = 2

    package let limits: SecretLimits
    private let tokens = TokenSearch()

    package init(limits: SecretLimits = SecretLimits()) {
        self.limits = limits
    }

    /// Whether the file could hold a secret, as far as that is to be seen without its content.
    func wants(_ file: ScannedFile) -> Bool {
        guard file.size > 0, !file.isExample else { return false }
        let name = file.name
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return true }
        return !Self.pictures.contains(name[name.index(after: dot)...].lowercased())
    }

    /// What the file holds, in the order of its lines; nothing of one that is longer than the limits say.
    package func findings(in file: ScannedFile, _ content: [UInt8]) -> [SecretFinding] {
        guard wants(file), file.size <= limits.fileSize, !Self.isBinary(content) else { return [] }
        return told(matches(in: file, content))
    }

    /// What stands in a stretch of the file's text, with its lines counted from the stretch's first.
    func matches(in file: ScannedFile, _ content: [UInt8]) -> [SecretFinding] {
        let lines = LineNumbers(content)
        return CredentialFiles.findings(in: file, content) + PrivateKeys.findings(in: file, content, lines)
            + tokens.findings(in: file, content, lines)
    }

    /// Each once, in the order of lines, and as many as the limits say.
    func told(_ found: [SecretFinding]) -> [SecretFinding] {
        var seen: Set<Place> = []
        return Array(
            found.filter { seen.insert(Place(line: $0.line, subject: $0.subject, kind: $0.kind)).inserted }
                .sorted(by: SecretFinding.precedes).prefix(limits.findingsPerFile)
        )
    }

    /// What a list of `NAME=value` holds, as images and processes have one.
    package func findings(inEnvironment variables: [String]) -> [SecretFinding] {
        variables.compactMap { variable in
            guard let equals = variable.firstIndex(of: "=") else { return nil }
            let (name, value) = (
                String(variable[..<equals]), String(variable[variable.index(after: equals)...])
            )
            let file = ScannedFile(path: "environment", size: 1)
            if EnvironmentFile.isCredential(name, value) {
                return SecretFinding(
                    .environmentSecret,
                    Array(value.utf8),
                    path: file.path,
                    line: nil,
                    subject: name
                )
            }
            let bytes = Array(value.utf8)
            guard let token = tokens.findings(in: file, bytes, LineNumbers(bytes)).first else { return nil }
            return SecretFinding(copying: token, line: nil, subject: name)
        }
    }

    private struct Place: Hashable {
        let line: Int?
        let subject: String?
        let kind: SecretKind
    }

    /// Text has no zero bytes among its first.
    static func isBinary(_ content: [UInt8]) -> Bool { content.prefix(judged).contains(0) }

    /// So many bytes say whether a file is text.
    static let judged = 8192

    private static let pictures: Set<String> = [
        "png", "jpg", "jpeg", "gif", "ico", "woff", "woff2", "ttf", "mo", "gz", "xz", "bz2", "zst", "zip",
        "jar",
        "so", "a", "o", "pyc", "gmo", "svg",
    ]
}

/// Tells the line of a place in a text.
struct LineNumbers {
    private let starts: [Int]

    init(_ content: [UInt8]) {
        starts = [0] + content.indices.filter { content[$0] == 0x0A }.map { $0 + 1 }
    }

    func line(at place: Int) -> Int {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low + 1
    }
}
