import ArgumentParser
import KilnCatalog
import KilnFleet
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Drop what nothing refers to; never what a fleet or a kept release needs.",
        discussion: """
            Named images, the images of releases, and mounted layers are kept, with all they need. Fetched packages are
            kept too, since archives drop superseded ones; --packages drops those that the lock does not name.

            Examples:

              kiln gc --dry-run
              kiln gc
            """
    )

    @Flag(help: "Only tell what would go.")
    var dryRun = false

    @Flag(help: "Also drop fetched packages that the lock beside the definition does not name.")
    var packages = false

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let home = context.home
        let report = try await GarbageCollector(home: home).collect(
            roots: try await releasedImages(home),
            packages: try keptPackages(home),
            dryRun: dryRun,
            onWait: { context.console.message("waiting for a bake or deploy to finish") }
        )
        if format.format == .json { return try context.resultJSON(GCReport(report, dryRun: dryRun)) }
        var table = TextTable(("KIND", .left), ("COUNT", .right), ("SIZE", .right))
        for (kind, items) in Dictionary(grouping: report.items, by: \.kind).sorted(by: {
            $0.key.rawValue < $1.key.rawValue
        }) {
            let size = items.reduce(0) { $0 + $1.size }
            table.add(kind.rawValue, String(items.count), Quantities.bytes(size))
        }
        if !table.isEmpty { context.console.result(table.render(color: context.console.output.color)) }
        let verb = dryRun ? "would free" : "freed"
        context.console.message("\(verb) \(Quantities.bytes(report.size))")
    }

    private func releasedImages(_ home: KilnHome) async throws -> Set<Digest> {
        guard Files.exists(home.catalog) else { return [] }
        let catalog = try Catalog(path: home.catalog)
        var images: Set<Digest> = []
        for fleet in try await catalog.fleets() {
            images.formUnion(try await catalog.releases(of: fleet.name).map(\.release.content.image))
        }
        return images
    }

    private func keptPackages(_ home: KilnHome) throws -> Set<Digest> {
        if packages {
            let lock = try LockFile.require(options.lockPath)
            return Set(lock.images.values.flatMap(\.packages).map(\.sha256))
        }
        return Set(try Files.list(home.packages).compactMap { try? Digest(parsingHex: $0) })
    }
}

private struct GCReport: Encodable {
    struct Item: Encodable {
        let kind: String
        let path: String
        let size: Int64
    }

    let dryRun: Bool
    let bytes: Int64
    let items: [Item]

    init(_ report: GarbageCollector.Report, dryRun: Bool) {
        self.dryRun = dryRun
        bytes = report.size
        items = report.items.map { Item(kind: $0.kind.rawValue, path: $0.path.string, size: $0.size) }
    }
}
