import ArgumentParser
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
        let ancestries = try store.ancestries(of: stored.map(\.descriptor.digest))
        let images = try zip(stored, ancestries).map { try ImageSummary($0, $1, in: store) }
        if format.format == .json { return try context.resultJSON(["images": images]) }
        guard !images.isEmpty else {
            context.console.message("no images yet: kiln bake makes them")
            return
        }
        var table = TextTable(
            ("NAME", .left),
            ("VERSION", .left),
            ("DIGEST", .left),
            ("LAYERS", .right),
            ("SIZE", .right),
            ("CREATED", .left),
            ("STATE", .left)
        )
        for image in images {
            table.add(
                image.name,
                image.version ?? "-",
                image.digest.short,
                String(image.layers),
                Quantities.bytes(image.size),
                image.created ?? "-",
                image.state
            )
        }
        context.console.result(table.render(color: context.console.output.color))
    }
}

struct ImageSummary: Encodable {
    let name: String
    let version: String?
    /// Of the manifest.
    let digest: Digest
    let imageID: Digest
    let layers: Int
    /// Compressed bytes of all layers.
    let size: Int64
    let created: String?
    /// The image's own or, else, the nearest that it inherits.
    let revocation: RevocationReport?
    /// Whether something that it stands on is newer by now.
    let outdated: Bool

    /// In a word, the graver fact first.
    var state: String {
        guard let revocation else { return outdated ? "outdated parent" : "-" }
        return revocation.digest == digest ? "revoked" : "revoked parent"
    }

    init(_ image: StoredImage, _ ancestry: Ancestry, in store: ImageStore) throws {
        let manifest = try store.manifest(image.descriptor.digest).value
        let config = try store.config(manifest).value
        name = image.name
        version = manifest.version
        digest = image.descriptor.digest
        imageID = manifest.config.digest
        layers = manifest.layers.count
        size = manifest.layers.reduce(0) { $0 + $1.size }
        created = config.created
        revocation = ancestry.revoked?.revocation.map(RevocationReport.init)
        outdated = ancestry.members.dropFirst().contains { member in
            if case .outdated = member.standing { true } else { false }
        }
    }
}
