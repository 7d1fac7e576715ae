import Glibc
import KilnArchive
package import KilnDefinition
import KilnDiagnostics
package import KilnLock
import KilnOCI
package import KilnRegistry
import KilnStore
package import KilnSystem
import OrderedCollections
import SystemPackage

/// Makes images again from the lock, from nothing and in hostile conditions, and holds them against the store's.
package struct ImageVerifier: Sendable {
    private let written: Definition
    /// With an image for each platform of an image.
    private let definition: Definition
    private let lock: Lock
    private let home: KilnHome
    private let conditions: BakeConditions
    private let host: AptHost
    private let registry: RegistryClient?
    /// The command's variables, for steps' secrets alone.
    private let environment: [String: String]

    package init(
        definition: Definition,
        lock: Lock,
        home: KilnHome,
        conditions: BakeConditions = .hostile(),
        host: AptHost = AptHost(),
        registry: RegistryClient? = nil,
        environment: [String: String] = [:]
    ) {
        written = definition
        self.definition = definition.perPlatform
        self.lock = lock
        self.home = home
        self.conditions = conditions
        self.host = host
        self.registry = registry
        self.environment = environment
    }

    /// Verifies the images, all of the definition when none is named, in the definition's order. One that the store
    /// does not have is baked first. Leaves nothing behind but the verdicts.
    package func verify(_ names: [ImageName] = []) async throws -> [ImageVerification] {
        let names = names.flatMap(written.variants)
        let executor = BakeExecutor(
            definition: written,
            lock: lock,
            home: home,
            host: host,
            registry: registry,
            environment: environment
        )
        let order = try BakeOrder(definition).names(for: names)
        let wanted = names.isEmpty ? order : order.filter(names.contains)
        let missing = try wanted.filter { try stored($0) == nil }
        if !missing.isEmpty { _ = try await executor.bake(missing) }
        return try await StoreLock(home).shared {
            let (plan, _) = try await executor.plan(names)
            try checkOrigin(of: wanted, try executor.remembered(plan))
            try checkCommonNames(of: wanted)
            return try await BakeWorkspace.with(home) { workspace in
                let scratch = try workspace.makeHome()
                try lendBases(of: plan, to: scratch)
                var rebuilding = BakeExecutor(
                    definition: written,
                    lock: lock,
                    home: scratch,
                    host: host,
                    registry: registry,
                    conditions: conditions,
                    environment: environment
                )
                rebuilding.namesPlatforms = false
                rebuilding.knownSizes = try knownSizes(of: plan)
                let rebuilt = try await rebuilding.bake(names)
                let cache = BakeCache(home: scratch, encoding: rebuilding.encoding)
                var stacks: [ImageName: [PlannedStackLayer]] = [:]
                for image in rebuilt {
                    stacks[image.name] = plan.layers(of: image.name, on: image.base)
                        .filter { !$0.isLeftOut(by: cache) }
                }
                var found: [ImageVerification] = []
                for name in wanted {
                    guard let image = rebuilt.first(where: { $0.name == name }) else { continue }
                    let wasBaked = missing.contains(name)
                    found.append(
                        try await compare(image, stacks[name] ?? [], rebuilding, wasBaked: wasBaked)
                    )
                }
                try Verdicts(home: home, encoding: rebuilding.encoding)
                    .record(found, stacks)
                return found
            }
        }
    }

    /// A registry's image is taken as it is, by digest: what the store has of it need not come from afar again.
    private func lendBases(of plan: BakePlan, to scratch: KilnHome) throws {
        let ours = ImageStore(home: home)
        let theirs = ImageStore(home: scratch)
        try theirs.prepare()
        for base in plan.images.compactMap(\.base) {
            guard let manifest = try? ours.manifest(base.digest).value,
                let config = try? ours.config(manifest).value
            else { continue }
            for digest in [base.digest, manifest.config.digest] + manifest.layers.map(\.digest) {
                link(ours.blobPath(digest).string, theirs.blobPath(digest).string)
            }
            for diffID in config.rootfs.diffIDs {
                guard let index = try LayerIndexes(home: home).load(diffID) else { continue }
                try LayerIndexes(home: scratch).save(index, for: diffID)
            }
        }
    }

    /// What the files of the plan's layers hold, of those that were made here before.
    private func knownSizes(of plan: BakePlan) throws -> [CacheKey: Int64] {
        let cache = LayerCache(home: home)
        var sizes: [CacheKey: Int64] = [:]
        for layer in plan.images.flatMap(\.layers) {
            guard let known = cache.lookup(layer.key.digest),
                let index = try LayerIndexes(home: home).load(known.diffID)
            else { continue }
            sizes[layer.key] = index.entries.reduce(0) { $0 + $1.size }
        }
        return sizes
    }

    private func stored(_ name: ImageName) throws -> Descriptor? {
        let images = ImageStore(home: home)
        guard Files.exists(home.images) else { return nil }
        return try images.list().first { $0.name == name.description }?.descriptor
    }

    /// An image that this very definition and lock gave another digest here before was made from another state of them.
    private func checkOrigin(of names: [ImageName], _ remembered: [ImageName: BakedImage]) throws {
        for name in names {
            guard let stored = try stored(name), let known = remembered[name],
                known.manifest.digest != stored.digest
            else { continue }
            throw BakeError.bakedFromElse(
                name,
                stored.digest,
                known.manifest.digest,
                at: definition.images[name]?.span
            )
        }
    }

    /// What is verified are the images of the single platforms: the common name has to stand for these.
    private func checkCommonNames(of names: [ImageName]) throws {
        let images = ImageStore(home: home)
        for name in written.images.keys where !written.platforms(of: name).isEmpty {
            let variants = written.variants(of: name)
            guard variants.allSatisfy(names.contains) else { continue }
            let held = try stored(name).map { try images.images(in: $0).map(\.digest) }
            let made = try variants.compactMap { try stored($0)?.digest }
            guard let held, held == made else {
                throw BakeError.commonNameBehind(name, at: written.images[name]?.span)
            }
        }
    }

    private func compare(
        _ rebuilt: BakedImage,
        _ made: [PlannedStackLayer],
        _ rebuilding: BakeExecutor,
        wasBaked: Bool
    ) async throws -> ImageVerification {
        guard let descriptor = try stored(rebuilt.name) else { throw BakeError.missingIndex() }
        let images = ImageStore(home: home)
        let manifest = try images.manifest(descriptor.digest).value
        let diffIDs = try images.config(manifest).value.rootfs.diffIDs
        guard diffIDs.count == made.count, rebuilt.layers.count == made.count else {
            throw BakeError.otherLayers(
                rebuilt.name,
                stored: diffIDs.count,
                rebuilt: rebuilt.layers.count,
                at: definition.images[rebuilt.name]?.span
            )
        }
        let damaged = try await damaged(manifest.layers)
        return ImageVerification(
            name: rebuilt.name,
            stored: .init(manifest: descriptor.digest, imageID: manifest.config.digest),
            rebuilt: .init(manifest: rebuilt.manifest.digest, imageID: rebuilt.imageID),
            layers: try made.indices.map { index in
                try compare(
                    diffIDs[index],
                    rebuilt.layers[index],
                    made[index],
                    number: index + 1,
                    rebuilding,
                    isDamaged: damaged.contains(manifest.layers[index].digest)
                )
            },
            wasBaked: wasBaked
        )
    }

    /// Those of the layers that the store has no longer, or that are not what their digests say.
    private func damaged(_ layers: [Descriptor]) async throws -> Set<Digest> {
        let images = ImageStore(home: home)
        let found = try await layers.map(atOnce: 2) { layer -> Digest? in
            guard images.hasBlob(layer) else { return layer.digest }
            let path = images.blobPath(layer.digest)
            return try await Blocking.run { try FileDigest.measure(path).digest } == layer.digest
                ? nil : layer.digest
        }
        return Set(found.compactMap(\.self))
    }

    private func compare(
        _ stored: DiffID,
        _ rebuilt: BakedLayer,
        _ made: PlannedStackLayer,
        number: Int,
        _ rebuilding: BakeExecutor,
        isDamaged: Bool
    ) throws -> LayerVerification {
        var differences: [PathDifference] = []
        if stored != rebuilt.diffID, let first = try LayerIndexes(home: home).load(stored),
            let second = try LayerIndexes(home: rebuilding.home).load(rebuilt.diffID)
        {
            differences = PathDifference.between(first, second)
        }
        let isRun = rebuilt.kind == .packages || rebuilt.kind == .step
        return LayerVerification(
            number: number,
            kind: rebuilt.kind,
            title: rebuilt.title,
            image: made.image,
            span: definition.images[made.image]?.place(of: made.layer?.operation),
            stored: stored,
            rebuilt: rebuilt.diffID,
            clockWasMoved: isRun ? rebuilding.movedClocks.contains(made.work) : nil,
            differences: differences,
            isDamaged: isDamaged
        )
    }
}

/// A layer of a stack, with the image whose own it is.
struct PlannedStackLayer {
    let image: ImageName
    /// nil for a registry's, which is taken as it is.
    let layer: PlannedLayer?
    let work: WorkID

    /// Hardening that took nothing out is no layer of the image.
    func isLeftOut(by cache: BakeCache) -> Bool {
        guard let layer, layer.kind == .hardening, let known = cache.lookup(layer) else { return false }
        return BakedLayer.isEmptyHardening(layer.kind, known.diffID)
    }
}

extension BakePlan {
    /// All layers that an image shows, lowest first. `base` is what lies at the bottom.
    func layers(of name: ImageName, on base: BaseImage?) -> [PlannedStackLayer] {
        guard let image = images.first(where: { $0.name == name }) else { return [] }
        let taken = image.base == nil ? [] : base?.layers ?? []
        let below = taken.map { _ in PlannedStackLayer(image: name, layer: nil, work: WorkID("base/\(name)"))
        }
        let own = image.layers.indices.map { index in
            PlannedStackLayer(image: name, layer: image.layers[index], work: image.work(on: index))
        }
        return (image.parent.map { layers(of: $0, on: base) } ?? below) + own
    }
}
