import Glibc
package import KilnArchive
package import KilnDefinition
import KilnDiagnostics
package import KilnLock
import KilnOCI
import KilnStore
package import KilnSystem
import OrderedCollections
import SystemPackage

extension LayerEncoding {
    /// The one encoder of each kind that bakes use; its name is what locks hold.
    package init(_ compression: Compression) {
        switch compression {
        case .zstd: self = .zstd()
        case .gzip: self = .gzip()
        }
    }
}

extension Definition {
    /// What a lock made by this program names its encoder.
    package var encoder: EncoderName { EncoderName(LayerEncoding(compression).encoderName) }
}

/// Carries out bake plans: fetches what is missing, makes what is not cached, and names the images.
package struct BakeExecutor: Sendable {
    private let definition: Definition
    private let lock: Lock
    private let home: KilnHome
    private let encoding: LayerEncoding
    private let host: AptHost
    private let userID: UInt32

    package init(
        definition: Definition,
        lock: Lock,
        home: KilnHome,
        host: AptHost = AptHost(),
        userID: UInt32 = geteuid()
    ) {
        self.definition = definition
        self.lock = lock
        self.home = home
        self.host = host
        self.userID = userID
        encoding = LayerEncoding(definition.compression)
    }

    /// Bakes the images and all that they stand on; every image of the definition when none is named. Gives them in
    /// the order of the plan.
    package func bake(_ names: [ImageName] = []) async throws -> [BakedImage] {
        let stale = try lock.staleness(against: definition, encoder: definition.encoder)
        if stale.contains(where: { $0.severity == .error }) { throw DiagnosticFailure(stale) }
        for warning in stale { Progress.report(.diagnostic(warning)) }
        return try await StoreLock(home).shared {
            try ImageStore(home: home).prepare()
            let inputs = try await digestInputs(of: names)
            let plan = try BakePlanner(definition: definition, lock: lock, inputs: inputs.digests).plan(names)
            let cache = BakeCache(home: home, encoding: encoding)
            let missing = plan.images.filter { image in
                image.layers.contains { cache.lookup($0) == nil }
            }
            try checkRights(missing, cache)
            try await fetchPackages(missing, cache)
            return try await BakeWorkspace.with(home) { workspace in
                let baker = ImageBaker(
                    definition: definition,
                    inputs: inputs,
                    home: home,
                    encoding: encoding,
                    workspace: workspace,
                    bases: BaseLayers(home: home)
                )
                let baked = try await BakeSchedule(plan).run { image, parent in
                    try await baker.bake(image, on: parent)
                }
                try warnOfRevoked(baked)
                return baked
            }
        }
    }

    /// What comes out of a bake as it was when it was revoked is still revoked. A parent tells for its children.
    private func warnOfRevoked(_ baked: [BakedImage]) throws {
        let ancestries = try ImageStore(home: home).ancestries(of: baked.map(\.manifest.digest))
        var told: Set<Digest> = []
        for (image, ancestry) in zip(baked, ancestries) {
            guard let member = ancestry.revoked, let revocation = member.revocation,
                told.insert(member.digest).inserted
            else { continue }
            let isOwn = member.digest == image.manifest.digest
            Progress.report(
                .diagnostic(
                    Diagnostic(
                        .warning,
                        code: "bake.revoked",
                        isOwn
                            ? "image \(member.shown) was revoked and is unchanged"
                            : "image \(image.name) stands on \(member.shown), which was revoked",
                        causes: [revocation.shown],
                        hint:
                            "it can be no new release, nor can what stands on it; kiln lock --update may bring the fix"
                    )
                )
            )
        }
    }

    private func digestInputs(of names: [ImageName]) async throws -> BakeInputs {
        let images = try BakeOrder(definition).names(for: names).compactMap { definition.images[$0] }
        return try await Blocking.run { [definition, home] in
            try BakeInputs.digest(images, of: definition, home: home)
        }
    }

    /// Before anything is done: packages and steps need mounts and containers.
    private func checkRights(_ missing: [PlannedImage], _ cache: BakeCache) throws {
        guard userID != 0 else { return }
        let images = missing.filter { image in
            image.layers.contains { layer in
                (layer.kind == .packages || layer.kind == .step) && cache.lookup(layer) == nil
            }
        }
        if !images.isEmpty { throw BakeError.needsRoot(images.map(\.name)) }
    }

    /// All images' packages in one go, each once.
    private func fetchPackages(_ missing: [PlannedImage], _ cache: BakeCache) async throws {
        var packages: OrderedSet<LockedPackage> = []
        for layer in missing.flatMap(\.layers) where cache.lookup(layer) == nil {
            if case .packages(let needed, _) = layer.operation { packages.formUnion(needed) }
        }
        guard !packages.isEmpty else { return }
        try await PackageFetcher(home: home, definition: definition, host: host).fetch(Array(packages))
    }
}
