import KilnDiagnostics

extension ImageDefinition.Origin {
    static let pattern = "^(scratch|archive:[a-z][a-z0-9-]{0,39}|image:[a-z][a-z0-9-]{0,39}|tar:[^/~].*)$"
    private static let choice = "archive:NAME, image:NAME, tar:FILE or scratch"

    init(parsing text: String) throws(ValueError) {
        guard text != "scratch" else {
            self = .scratch
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard parts.count == 2 else { throw Self.refusal(of: text) }
        switch parts[0] {
        case "archive": self = .archive(try NameText.parse(parts[1], "archive"))
        case "image": self = .image(try NameText.parse(parts[1], "image"))
        case "tar": self = .tar(try SourcePath.parse(parts[1]))
        default: throw Self.refusal(of: text, word: parts[0])
        }
    }

    var text: String {
        switch self {
        case .archive(let name): "archive:\(name)"
        case .image(let name): "image:\(name)"
        case .tar(let file): "tar:\(file)"
        case .scratch: "scratch"
        }
    }

    private static func refusal(of text: String, word: String? = nil) -> ValueError {
        if word == "oci" || word == "docker" {
            return ValueError(
                "bad-origin",
                "this version does not read images from a registry",
                hint: "stand on \(choice); a root file system saved as a tar file does for tar:FILE"
            )
        }
        let meant = Spelling.nearest(to: word ?? text, in: ["archive", "image", "tar", "scratch"])
        let rest = text.dropFirst((word ?? text).count)
        let guess =
            meant == "scratch" || !rest.isEmpty
            ? meant.map { "did you mean \"\($0)\($0 == "scratch" ? "" : rest)\"?" } : nil
        return ValueError("bad-origin", "\"\(text)\" is nothing to stand on", hint: guess ?? choice)
    }
}
