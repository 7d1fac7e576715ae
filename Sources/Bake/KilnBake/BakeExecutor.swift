import Glibc
package import KilnArchive
package import KilnDefinition
import KilnDiagnostics
package import KilnLock
import KilnOCI
package import KilnRegistry
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
    /// As it was written.
    let written: Definition
    /// With an image for each platform of an image.
    let definition: Definition
    let lock: Lock
    let home: KilnHome
    let encoding: LayerEncoding
    private let host: AptHost
    let registry: RegistryClient
    private let userID: UInt32
    private let inspector: (any SandboxInspector)?
    /// Nothing of what they say may show in an image.
    private let conditions: BakeConditions
    let movedClocks = MovedClocks()
    /// Bytes that layers held when they were made before, for conditions that ask it.
    var knownSizes: [CacheKey: Int64] = [:]
    /// Whether the common names of several platforms' images are given. What is baked only to be looked at needs none.
    var namesPlatforms = true
    /// The command's variables, for secrets alone.
    private let environment: [String: String]

    /// `inspector` is shown the sandbox of a layer that fails.
    package init(
        definition: Definition,
        lock: Lock,
        home: KilnHome,
        host: AptHost = AptHost(),
        registry: RegistryClient? = nil,
        userID: UInt32 = geteuid(),
        inspector: (any SandboxInspector)? = nil,
        conditions: BakeConditions = .ordinary,
        environment: [String: String] = [:]
    ) {
        written = definition
        self.definition = definition.perPlatform
        self.lock = lock
        self.home = home
        self.host = host
        self.registry = registry ?? RegistryClient(home: home)
        self.userID = userID
        self.inspector = inspector
        self.conditions = conditions
        self.environment = environment
        encoding = LayerEncoding(definition.compression)
    }

    /// Bakes the images and all that they stand on; every image of the definition when none is named. Gives them in
    /// the order of the plan.
    package func bake(_ names: [ImageName] = []) async throws -> [BakedImage] {
        try await run(names).images
    }

    /// The same, with layers that are made anew whatever the cache has, and with what it took.
    package func run(
        _ names: [ImageName] = [],
        rebuilding rebuild: Rebuild = .nothing
    ) async throws
        -> BakeOutcome
    {
        for warning in try refuseStaleLock() { Progress.report(.diagnostic(warning)) }
        let names = names.flatMap(written.variants)
        return try await conditions.with { try await runHere(names, rebuilding: rebuild) }
    }

    /// Gives what is stale and does not keep a bake from its work.
    @discardableResult
    func refuseStaleLock() throws -> [Diagnostic] {
        let stale = try lock.staleness(
            against: definition,
            encoder: definition.encoder,
            behaviours: BakeBehaviour.deciding(on: definition)
        )
        if stale.contains(where: { $0.severity == .error }) { throw DiagnosticFailure(stale) }
        return stale
    }

    /// What a bake would do, whatever of it is cached, and what it would read.
    func plan(_ names: [ImageName]) async throws -> (BakePlan, BakeInputs) {
        let inputs = try await digestInputs(of: names)
        let hasPlaybook = definition.images.values.contains { image in
            image.steps.contains { $0.program == .playbook }
        }
        let planner = BakePlanner(
            definition: definition,
            lock: lock,
            inputs: inputs.digests,
            ansible: hasPlaybook ? AnsibleHost.identity : nil
        )
        return (try planner.plan(names), inputs)
    }

    private func runHere(_ names: [ImageName], rebuilding rebuild: Rebuild) async throws -> BakeOutcome {
        let start = BootInstant.now
        return try await StoreLock(home).shared {
            try ImageStore(home: home).prepare()
            let (plan, inputs) = try await plan(names)
            let anew = try rebuild.layers(of: plan, named: names)
            let cache = BakeCache(home: home, encoding: encoding)
            let missing = plan.images.flatMap { image in
                image.layers.filter { anew.contains($0.key) || cache.lookup($0) == nil }
                    .map { (image: image.name, layer: $0) }
            }
            try checkRights(missing)
            try await checkPrograms(missing)
            let secrets = try secrets(for: missing.map(\.layer))
            let fetchStart = BootInstant.now
            try await fetchPackages(missing)
            try await fetchDownloads(missing)
            let baseImages = try await fetchBases(plan)
            let fetch = fetchStart.duration(to: .now)
            let images = try await BakeWorkspace.with(home) { workspace in
                let baker = ImageBaker(
                    definition: definition,
                    inputs: inputs,
                    home: home,
                    encoding: encoding,
                    workspace: workspace,
                    bases: BaseLayers(home: home),
                    baseImages: baseImages,
                    anew: anew,
                    inspector: inspector,
                    conditions: conditions,
                    movedClocks: movedClocks,
                    knownSizes: knownSizes,
                    secrets: secrets
                )
                let baked = try await BakeSchedule(plan).run { image, parent in
                    try await baker.bake(image, on: parent)
                }
                try warnOfRevoked(baked)
                return baked
            }
            try recordSources(of: images)
            return BakeOutcome(
                images: images,
                platformNames: try await namePlatforms(of: images),
                fetch: fetch,
                elapsed: start.duration(to: .now)
            )
        }
    }

    /// What a push sends beside each image.
    private func recordSources(of images: [BakedImage]) throws {
        let sources = ImageSources(home: home)
        for image in images {
            let chain = try ImageChain(of: image.name, in: definition)
            let locked = chain.names.compactMap { lock.images[$0] }.flatMap(\.files)
            try sources.record(locked + (image.base?.files ?? []), of: image.manifest.digest)
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
    private func checkRights(_ missing: [(image: ImageName, layer: PlannedLayer)]) throws {
        guard userID != 0 else { return }
        let images = OrderedSet(
            missing.filter { $0.layer.kind == .packages || $0.layer.kind == .step }.map(\.image)
        )
        if !images.isEmpty { throw BakeError.needsRoot(Array(images)) }
    }

    /// Before anything is done: programs of another CPU need one that this machine can make believe.
    private func checkPrograms(_ missing: [(image: ImageName, layer: PlannedLayer)]) async throws {
        for (image, layer) in missing where layer.kind == .packages || layer.kind == .step {
            guard let platform = image.platform, try await !ForeignPrograms.canRun(platform) else { continue }
            throw BakeError.foreignPrograms(
                image,
                platform,
                at: definition.images[image].flatMap { $0.place(of: layer.operation) }
            )
        }
    }

    /// The values for the steps that will run, by their layers. One that is missing is told before anything is made.
    private func secrets(for missing: [PlannedLayer]) throws -> [CacheKey: [SecretValue]] {
        var secrets: [CacheKey: [SecretValue]] = [:]
        for layer in missing {
            guard case .step(let step) = layer.operation, !step.secrets.isEmpty else { continue }
            secrets[layer.key] = try step.secrets.map { try SecretValue($0, environment: environment) }
        }
        return secrets
    }

    private func fetchDownloads(_ missing: [(image: ImageName, layer: PlannedLayer)]) async throws {
        let sources = definition.sources
        let fetcher = DownloadFetcher(home: home, host: host, sources: sources, registry: registry)
        for (image, layer) in missing {
            guard case .downloads(let downloads, _) = layer.operation else { continue }
            try await fetcher.fetch(downloads.map(\.locked), of: definition.images[image])
        }
    }

    /// All images' packages in one go, each once.
    private func fetchPackages(_ missing: [(image: ImageName, layer: PlannedLayer)]) async throws {
        var packages: OrderedDictionary<ImagePlatform, OrderedSet<LockedPackage>> = [:]
        for (image, layer) in missing {
            guard case .packages(let needed, _, _) = layer.operation else { continue }
            packages[image.platform ?? .host, default: []].formUnion(needed)
        }
        for (platform, needed) in packages {
            let fetcher = PackageFetcher(
                home: home,
                definition: definition,
                host: host,
                platform: platform,
                registry: registry
            )
            try await fetcher.fetch(Array(needed), as: WorkID("fetch/\(platform)"))
        }
    }

    /// The registries' images that the plan's stand on, each once; of those that are here nothing is asked.
    private func fetchBases(_ plan: BakePlan) async throws -> [ImageName: BaseImage] {
        let pull = ImagePull(store: ImageStore(home: home), client: registry, sources: definition.sources)
        var found: [ImageName: BaseImage] = [:]
        for image in plan.images {
            guard let base = image.base else { continue }
            do {
                found[image.name] = BaseImage(base, try await pull.pull(pinned: base.pinned, size: base.size))
            } catch let error as RegistryError {
                let written = definition.images[image.name]
                throw error.at(written?.spans["from"] ?? written?.span)
            }
        }
        return found
    }
}
