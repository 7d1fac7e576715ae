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
        let images = try store.list().map { try ImageSummary($0, in: store) }
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
            ("CREATED", .left)
        )
        for image in images {
            table.add(
                image.name,
                image.version ?? "-",
                image.digest.short,
                String(image.layers),
                Quantities.bytes(image.size),
                image.created ?? "-"
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

    init(_ image: StoredImage, in store: ImageStore) throws {
        let manifest = try store.manifest(image.descriptor.digest).value
        let config = try store.config(manifest).value
        name = image.name
        version = manifest.annotations?["org.opencontainers.image.version"]
        digest = image.descriptor.digest
        imageID = manifest.config.digest
        layers = manifest.layers.count
        size = manifest.layers.reduce(0) { $0 + $1.size }
        created = config.created
    }
}
