import ArgumentParser
import Glibc
import KilnBake
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
            Named images, the images of releases, and mounted layers are kept, with all they need. Fetched packages are \
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
        let lock = packages ? try LockFile.require(options.lockPath) : nil
        if !dryRun, geteuid() == 0 { try await BakeWorkspace.clearLeftovers(of: home) }
        let report = try await GarbageCollector(home: home).collect(
            keeping: {
                GarbageCollector.Kept(
                    roots: try await releasedImages(home),
                    packages: lock.map { Set($0.images.values.flatMap(\.files).map(\.digest)) }
                )
            },
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

    /// Of all fleets, also of those that are gone: their releases may be deployed again.
    private func releasedImages(_ home: KilnHome) async throws -> Set<Digest> {
        guard Files.exists(home.catalog) else { return [] }
        return try await Catalog(path: home.catalog).releasedImages()
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
