import ArgumentParser
import KilnDiagnostics
import KilnOCI
import KilnStore

struct ImageListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the images of the store.",
        discussion: """
            Example:

              kiln image list --format json
            """
    )

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let stored = try store.list()
        let shown = try stored.map { try store.representative(of: $0.descriptor) }
        let ancestries = try store.ancestries(of: zip(stored, shown).map { ($1 ?? $0.descriptor).digest })
        let images = try zip(stored, zip(shown, ancestries)).map { image, rest in
            try ImageSummary(image, showing: rest.0?.digest, rest.1, in: store)
        }
        if format.format == .json { return try context.resultJSON(["images": images]) }
        guard !images.isEmpty else {
            context.console.message("no images yet: kiln bake makes them")
            return
        }
        // Where all are for this machine, which one is no news.
        let namesPlatforms = images.contains { $0.platforms != [ImagePlatform.host.description] }
        var table = TextTable(
            columns: [("NAME", .left), ("VERSION", .left), ("DIGEST", .left)]
                + (namesPlatforms ? [("PLATFORM", .left)] : [])
                + [("LAYERS", .right), ("SIZE", .right), ("CREATED", .left), ("STATE", .left)]
        )
        for image in images {
            table.add(
                [image.name, image.version ?? "-", image.digest.short]
                    + (namesPlatforms ? [image.platforms.joined(separator: ", ")] : [])
                    + [
                        String(image.layers), Quantities.bytes(image.size), image.created ?? "-",
                        image.state,
                    ]
            )
        }
        context.console.result(table.render(color: context.console.output.color))
    }
}

struct ImageSummary: Encodable {
    let name: String
    let version: String?
    /// Of the manifest, or of the index of several platforms' images.
    let digest: Digest
    /// nil for an index of which no image is here.
    let imageID: Digest?
    let platforms: [String]
    let layers: Int
    /// Compressed bytes of all layers, of all platforms.
    let size: Int64
    let created: String?
    /// The image's own or, else, the nearest that it inherits.
    let revocation: RevocationReport?
    /// Whether something that it stands on is newer by now.
    let outdated: Bool

    /// In a word, the graver fact first.
    var state: String {
        guard revocation != nil else {
            return imageID == nil ? "no image" : outdated ? "outdated parent" : "-"
        }
        return isOwnRevocation ? "revoked" : "revoked parent"
    }

    private let isOwnRevocation: Bool

    private enum CodingKeys: CodingKey {
        case name
        case version
        case digest
        case imageID
        case platforms
        case layers
        case size
        case created
        case revocation
        case outdated
    }

    /// `shown` is the image that stands for those of all platforms.
    init(_ image: StoredImage, showing shown: Digest?, _ ancestry: Ancestry, in store: ImageStore) throws {
        let manifest = try shown.map { try store.manifest($0).value }
        let config = try manifest.map { try store.config($0).value }
        let all = try store.images(in: image.descriptor).map { try store.manifest($0.digest).value }
        platforms =
            try store.index(image.descriptor)?.platforms.map(\.description)
            ?? [config?.platform.description].compactMap(\.self)
        name = image.name
        version = manifest?.version
        digest = image.descriptor.digest
        imageID = manifest?.config.digest
        layers = manifest?.layers.count ?? 0
        size = Set(all.flatMap(\.layers)).totalSize
        created = config?.created
        revocation = ancestry.revoked?.revocation.map(RevocationReport.init)
        isOwnRevocation = ancestry.revoked?.digest == shown ?? image.descriptor.digest
        outdated = ancestry.members.dropFirst().contains { member in
            if case .outdated = member.standing { true } else { false }
        }
    }
}
