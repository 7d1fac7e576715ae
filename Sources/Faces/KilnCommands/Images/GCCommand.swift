import ArgumentParser
import Glibc
import KilnBake
import KilnCatalog
import KilnDiagnostics
import KilnFleet
import KilnLock
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Drop what nothing refers to; never what a fleet or a kept release needs.",
        discussion: """
            Kept, with all they need: what names refer to, what fleets run or would roll back to, each fleet's newest \
            releases, mounted layers. What a name referred to before goes, unless --keep-last or --keep-younger keeps it. \
            Of what an image stands on the manifest is kept. Fetched packages are kept too, since archives drop \
            superseded ones; --packages drops those that neither the lock names nor a kept image was made of. Waits until \
            no bake and no deploy is under way, for --dry-run too.

            Examples:

              kiln gc --dry-run
              kiln gc --keep-last 3 --keep-younger 30d
            """
    )

    @Flag(help: "Only tell what would go, and why.")
    var dryRun = false

    @Option(help: "How many images of each name are kept, counting the one that it refers to now.")
    var keepLast = 1

    @Option(help: "Keep images whose name moved on less than so long ago: 12h, 30d, 4w.")
    var keepYounger: AgeOption?

    @Option(help: "How many of each fleet's newest releases are kept, beside those that are in use.")
    var keepReleases = 10

    @Flag(help: "Also drop fetched packages that neither the lock here nor a kept image needs.")
    var packages = false

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard keepLast >= 1 else {
            throw ValidationError("--keep-last counts the image that a name refers to: 1 at least")
        }
        guard keepReleases >= 0 else { throw ValidationError("--keep-releases takes a number, 0 at least") }
    }

    func run() async throws {
        let context = CommandContext.current
        let home = context.home
        if !dryRun, geteuid() == 0 { try await BakeWorkspace.clearLeftovers(of: home) }
        let retention = ImageRetention(last: keepLast, younger: keepYounger?.seconds)
        let releaseRetention = ReleaseRetention(last: keepReleases)
        let report = try await GarbageCollector(home: home, retention: retention).collect(
            keeping: {
                let releases = try await ReleasedImages(home: home, releaseRetention)
                let lock = packages ? try LockFile.require(options.lockPath) : nil
                return GarbageCollector.Kept(
                    roots: releases.kept,
                    packages: lock.map { Set($0.images.values.flatMap(\.files).map(\.digest)) },
                    given: releases.given
                )
            },
            dryRun: dryRun,
            onWait: { context.console.message("waiting for a bake or deploy to finish") }
        )
        let evidence = EvidenceStore(home: home)
        let now = WallClock.now
        let surplus = try evidence.surplus(now: now)
        if !dryRun { try evidence.prune(now: now) }
        let shown = GCReport(report, surplus, dryRun: dryRun)
        if format.format == .json { return try context.resultJSON(shown) }
        if let table = shown.table(color: context.console.output.color) { context.console.result(table) }
        context.console.message(shown.summary)
    }
}

/// The images of releases: of all fleets, also of those that are gone.
struct ReleasedImages {
    private(set) var kept: Set<Digest> = []
    /// Of releases that are not kept, with what they are called.
    private(set) var given: [Digest: String] = [:]
    /// Of all releases.
    private(set) var names: [Digest: String] = [:]

    init(home: KilnHome, _ retention: ReleaseRetention) async throws {
        guard Files.exists(home.catalog) else { return }
        let catalog = try Catalog(path: home.catalog)
        for fleet in try await catalog.fleetsWithReleases() {
            let releases = try await catalog.releaseEntries(of: fleet)
            let numbers = retention.kept(
                releases,
                fleet: try await catalog.fleet(fleet),
                rollout: try await catalog.rollouts(of: fleet, limit: 1).first,
                instances: try await catalog.instances(of: fleet)
            )
            for release in releases {
                names[release.image] = "release \(release.number) of \(fleet)"
                if numbers.contains(release.number) { kept.insert(release.image) }
            }
        }
        given = names.filter { !kept.contains($0.key) }
    }
}

/// What a collection dropped, or would drop.
private struct GCReport: Encodable {
    struct Item: Encodable {
        let kind: String
        let path: String
        let size: Int64
        let reason: String
    }

    let dryRun: Bool
    let bytes: Int64
    let items: [Item]

    init(_ report: GarbageCollector.Report, _ evidence: [EvidenceStore.Surplus], dryRun: Bool) {
        self.dryRun = dryRun
        let stored = report.items.map {
            Item(kind: $0.kind.rawValue, path: $0.path.string, size: $0.size, reason: $0.reason.text)
        }
        items =
            stored
            + evidence.map {
                Item(kind: "evidence", path: $0.folder.string, size: $0.size, reason: $0.reason.text)
            }
        bytes = items.reduce(0) { $0 + $1.size }
    }

    var summary: String {
        "\(dryRun ? "would free" : "freed") \(Quantities.bytes(bytes))"
    }

    /// Item by item what would go, and why; by kind what has gone.
    func table(color: Bool) -> String? {
        guard !items.isEmpty else { return nil }
        guard dryRun else { return kinds(color: color) }
        var table = TextTable(("KIND", .left), ("SIZE", .right), ("NAME", .left), ("WHY", .left))
        for item in items {
            let name = FilePath(item.path).lastComponent?.string ?? item.path
            table.add(
                item.kind,
                Quantities.bytes(item.size),
                name.count > 24 ? String(name.prefix(12)) : name,
                item.reason
            )
        }
        return table.render(color: color)
    }

    private func kinds(color: Bool) -> String {
        var table = TextTable(("KIND", .left), ("COUNT", .right), ("SIZE", .right))
        for (kind, items) in Dictionary(grouping: items, by: \.kind).sorted(by: { $0.key < $1.key }) {
            table.add(kind, String(items.count), Quantities.bytes(items.reduce(0) { $0 + $1.size }))
        }
        return table.render(color: color)
    }
}

extension GarbageCollector.Report.Reason {
    fileprivate var text: String {
        switch self {
        case .superseded(let name, let time): "\(name) moved on at \(WallClock.format(time))"
        case .given(let what): "\(what) is not among those kept"
        case .unreferenced: "no image has it"
        case .stale: "its layer is gone"
        case .unlocked: "the lock does not name it"
        case .leftover: "a crash left it"
        }
    }
}

extension EvidenceStore.Surplus.Reason {
    fileprivate var text: String {
        switch self {
        case .tooOld: "it is older than \(EvidenceStore.ageLimit / 86_400) days"
        case .tooMuch: "its fleet has more than is kept"
        case .leftover: "a crash left it, or it is damaged"
        }
    }
}
