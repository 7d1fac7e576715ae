/// A file that another one names, and that takes part in what that one does.
struct NamedFile: Sendable, Hashable {
    enum Role: Sendable, Hashable {
        /// A script that runs at this moment.
        case script(Script.Phase)
        /// A part of a GitLab pipeline.
        case pipeline
    }

    let role: Role
    /// Where it may be, from the folder of the one that names it, or of one above that; the likeliest first.
    let paths: [String]

    /// nil where no such path lies within the folder.
    init?(_ role: Role, _ paths: [String]) {
        let plain = paths.compactMap(Self.plain)
        guard !plain.isEmpty else { return nil }
        self.role = role
        self.paths = plain
    }

    /// Without `.`; a leading slash means the folder itself, as Docker and GitLab have it.
    private static func plain(_ path: String) -> String? {
        let parts = path.split(separator: "/").filter { $0 != "." }
        guard !parts.isEmpty, !parts.contains(".."), !path.contains("$"), !path.contains("{{") else {
            return nil
        }
        return parts.joined(separator: "/")
    }
}

extension Script {
    /// A script that is a file of its own.
    init(_ phase: Phase, file: LintSource) {
        self.init(phase, PlacedText(file.bytes, offsets: Array(file.bytes.indices)))
    }

    /// Whether a file is one for a shell: by its first line, or by having none that says otherwise.
    static func isShell(_ bytes: [UInt8]) -> Bool {
        guard !bytes.prefix(1024).contains(0) else { return false }
        guard bytes.starts(with: "#!".utf8) else { return true }
        let line = String(decoding: bytes.prefix(256).prefix { $0 != 10 }, as: UTF8.self)
        let words = line.dropFirst(2).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
        let programs = words.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        return programs.contains { ShellNesting.isShell($0) }
    }
}
