import ArgumentParser
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import OrderedCollections

struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Make the images that the lock describes; only what changed is made anew.",
        discussion: """
            Prints one manifest digest per image. Needs no network when the locked packages are in the store.

            Examples:

              kiln bake
              kiln bake runtime
            """
    )

    @Argument(help: "The images to bake, with what they stand on; all when none is named.")
    var images: [ImageName] = []

    @Flag(help: "Show every line that package installation and steps print.")
    var verbose = false

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        try checkNames(definition)
        let lock = try LockFile.require(options.lockPath)
        let baked = try await context.withProgress(format.format, narrates: verbose) {
            try await BakeExecutor(definition: definition, lock: lock, home: context.home).bake(images)
        }
        if format.format == .json { return try context.resultJSON(["images": baked.map(BakedReport.init)]) }
        let width = baked.map { $0.name.description.count }.max() ?? 0
        for image in baked {
            let name = image.name.description
            context.console.result(
                name + String(repeating: " ", count: width - name.count) + "  \(image.manifest.digest)"
            )
        }
    }

    private func checkNames(_ definition: Definition) throws {
        guard let unknown = images.first(where: { definition.images[$0] == nil }) else { return }
        let names = definition.images.keys.map(\.description)
        throw DiagnosticFailure(
            Diagnostic(
                code: "definition.unknown-image",
                "\(options.file) has no image \"\(unknown)\"",
                hint: Spelling.hint(for: unknown.description, in: names),
                exitStatus: .usage
            )
        )
    }
}

private struct BakedReport: Encodable {
    struct Layer: Encodable {
        let kind: String
        let title: String
        let diffID: DiffID
        let digest: Digest
        let size: Int64
        let cached: Bool
    }

    let name: ImageName
    let digest: Digest
    let imageID: Digest
    let seconds: Double
    let layers: [Layer]

    init(_ image: BakedImage) {
        name = image.name
        digest = image.manifest.digest
        imageID = image.imageID
        seconds =
            Double(image.elapsed.components.seconds) + Double(image.elapsed.components.attoseconds) / 1e18
        layers = image.layers.map {
            Layer(
                kind: $0.kind.rawValue,
                title: $0.title,
                diffID: $0.diffID,
                digest: $0.blob.digest,
                size: $0.blob.size,
                cached: $0.isCached
            )
        }
    }
}
