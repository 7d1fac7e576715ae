import KilnDiagnostics
import KilnRegistry

extension ImageDefinition.Origin {
    static let pattern =
        "^(scratch|archive:[a-z][a-z0-9-]{0,39}|image:[a-z][a-z0-9-]{0,39}|oci:[^/@]+/.+[:@].+|tar:[^/~].*)$"
    static let choice = "archive:NAME, image:NAME, oci:REPOSITORY:TAG, tar:FILE or scratch"

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
        case "oci": self = .oci(try Self.reference(parts[1]))
        case "tar": self = .tar(try SourcePath.parse(parts[1]))
        default: throw Self.refusal(of: text, word: parts[0])
        }
    }

    var text: String {
        switch self {
        case .archive(let name): "archive:\(name)"
        case .image(let name): "image:\(name)"
        case .oci(let reference): "oci:\(reference)"
        case .tar(let file): "tar:\(file)"
        case .scratch: "scratch"
        }
    }

    /// `latest` says nothing about what it is, and who reads the definition later cannot tell either.
    private static func reference(_ text: String) throws(ValueError) -> ImageReference {
        let reference: ImageReference
        do throws(ImageReferenceSyntaxError) {
            reference = try ImageReference(parsing: text)
        } catch {
            let (message, hint) = error.words(on: text)
            throw ValueError("bad-image", message, hint: hint)
        }
        guard reference.tag != "latest" || reference.digest != nil else {
            throw ValueError(
                "latest",
                "\"latest\" is no version",
                hint: "name the tag of a version, or a digest: oci:\(reference.repository):1.0.0"
            )
        }
        return reference
    }

    private static func refusal(of text: String, word: String? = nil) -> ValueError {
        if word == "docker" {
            let image = text.dropFirst("docker:".count).drop { $0 == "/" }
            return ValueError(
                "bad-origin",
                "\"\(text)\" is nothing to stand on",
                hint: "images of a registry are written oci:\(image)"
            )
        }
        let meant = Spelling.nearest(to: word ?? text, in: ["archive", "image", "oci", "tar", "scratch"])
        let rest = text.dropFirst((word ?? text).count)
        let guess =
            meant == "scratch" || !rest.isEmpty
            ? meant.map { "did you mean \"\($0)\($0 == "scratch" ? "" : rest)\"?" } : nil
        return ValueError("bad-origin", "\"\(text)\" is nothing to stand on", hint: guess ?? choice)
    }
}
