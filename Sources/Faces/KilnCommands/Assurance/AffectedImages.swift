import KilnAdvisories
import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnInventory
import KilnOCI
import KilnStore
import KilnSystem

/// What the images hold that have a name here or run, from what is kept of each. Of images for several platforms the one for this
/// machine.
struct AffectedImages {
    struct Image {
        let digest: Digest
        var names: [String] = []
        /// `shop (release 3)`, of fleets that run it.
        var fleets: [String] = []
        /// What of it could not be read, each with its path and why: what that holds may be vulnerable too.
        var unread: [String] = []

        var shown: String { names.isEmpty ? digest.description : names.joined(separator: ", ") }
    }

    struct Holdings {
        /// By name; those without one last.
        var images: [Image] = []
        /// Images share most of theirs: each is judged once.
        var packages: [InventoryPackage] = []
        var holders: [InventoryPackage: [Digest]] = [:]

        mutating func add(_ image: Image, _ judged: JudgedPackages, _ judge: inout BroughtJudge) throws {
            var image = image
            image.unread = judged.notes.map { "\($0.path): \($0.text)" }
            images.append(image)
            for package in try judged.packages(by: &judge) {
                if holders[package] == nil { self.packages.append(package) }
                holders[package, default: []].append(image.digest)
            }
        }
    }

    private let context: CommandContext
    private let store: ImageStore
    private let inventories: ImageInventories

    init(_ context: CommandContext) {
        self.context = context
        store = ImageStore(home: context.home)
        inventories = ImageInventories(home: context.home)
    }

    /// As this database's advisories are to be held against it.
    func all(_ database: AdvisoryDatabase) async throws -> Holdings {
        var (holdings, judge) = (Holdings(), BroughtJudge(database))
        for image in try await images() {
            let judged = try await judged(image.digest)
            try holdings.add(image, judged, &judge)
        }
        return holdings
    }

    private func judged(_ image: Digest) async throws -> JudgedPackages {
        if let judged = inventories.judged(of: image) { return judged }
        guard store.isWhole(image) else {
            let why = "some of its layers are not here, and nothing was kept of it while they were"
            return JudgedPackages(
                packages: [],
                notes: [InventoryNote(path: image.short, layer: nil, text: why)]
            )
        }
        return try await Inventory.read(.image(image.description), home: context.home, files: false).judged
    }

    private func images() async throws -> [Image] {
        var found: [Digest: Image] = [:]
        for image in try store.list() {
            guard let digest = try? store.image(image.descriptor, for: .host)?.digest else { continue }
            found[digest, default: Image(digest: digest)].names.append(image.name)
        }
        if Files.exists(context.home.catalog) {
            let catalog = try Catalog(path: context.home.catalog)
            for fleet in try await catalog.fleets() {
                guard let release = try await catalog.runningRelease(of: fleet.name) else { continue }
                found[release.image, default: Image(digest: release.image)].fleets.append(
                    "\(fleet.name) (release \(release.number))"
                )
            }
        }
        return found.values.sorted { ($0.names.first ?? "~", $0.digest) < ($1.names.first ?? "~", $1.digest) }
    }
}
