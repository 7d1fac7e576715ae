import KilnSystem
import SystemPackage

/// What a git repository's files say by themselves, where asking git would cost another program (gitrepository-layout(5)).
struct GitFolder {
    private let configuration: FilePath

    private static let longest = 1 << 20

    /// nil where neither the folder nor one above it has a repository.
    init?(above directory: FilePath) {
        guard let file = Self.configuration(above: directory) else { return nil }
        configuration = file
    }

    private static func configuration(above directory: FilePath) -> FilePath? {
        var folder = directory.resolved
        while true {
            let place = folder.appending(".git")
            switch Files.facts(place, followingSymlinks: true)?.kind {
            case .directory: return place.appending("config")
            // Of a worktree or a submodule: where the rest lies is told in files of their own.
            case .file: return commonFolder(place).appending("config")
            default: break
            }
            // A bare repository is a folder of its own.
            if Files.exists(folder.appending("HEAD")), Files.exists(folder.appending("objects")) {
                return folder.appending("config")
            }
            let above = folder.removingLastComponent()
            guard above != folder else { return nil }
            folder = above
        }
    }

    private static func commonFolder(_ file: FilePath) -> FilePath {
        func path(in file: FilePath, after prefix: String) -> FilePath? {
            guard let text = try? Files.readText(file, limit: longest), text.hasPrefix(prefix) else {
                return nil
            }
            return FilePath(String(text.dropFirst(prefix.count).prefix { $0 != "\n" }))
        }
        let own = file.removingLastComponent().pushing(path(in: file, after: "gitdir: ") ?? "")
        return path(in: own.appending("commondir"), after: "").map { own.pushing($0) } ?? own
    }

    /// nil where the configuration takes in others, or says it in a way that only git should read; empty where it names no origin.
    var originURL: String? {
        guard let text = try? Files.readText(configuration, limit: Self.longest) else { return nil }
        var (section, url) = ("", "")
        for line in text.split(whereSeparator: \.isNewline).map({ $0.drop(while: \.isWhitespace) }) {
            if line.hasPrefix("[") {
                let head = String(line.prefix { $0 != "]" })
                // Names of sections come in any case, what they are of does not.
                let name = head.prefix { $0 != " " }.lowercased()
                section = name + head.dropFirst(name.count)
                if name.hasPrefix("[include") || line.last != "]" { return nil }
            } else if section == "[extensions", line.lowercased().hasPrefix("worktreeconfig") {
                return nil
            } else if section == "[remote \"origin\"", line.lowercased().hasPrefix("url") {
                let rest = line.dropFirst(3).drop(while: \.isWhitespace)
                guard rest.first == "=" else { continue }
                let value = rest.dropFirst().drop(while: \.isWhitespace)
                guard !value.contains(where: { "\"\\#;".contains($0) }) else { return nil }
                // Of several the last one counts, as git has it.
                url = String(value.reversed().drop(while: \.isWhitespace).reversed())
            }
        }
        return url
    }
}
