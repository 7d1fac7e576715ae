import KilnAttest
import KilnBake
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

/// A definition beside what is there of it, and the plan that leads from one to the other.
struct ApplySituation: Sendable {
    let definition: Definition
    let lock: Lock
    let plan: ApplyPlan
    let basis: ApplyBasis
    /// What the fleets are to be made of, where that is known before a bake.
    let contents: [FleetName: ReleaseContent]
    /// What was there of each fleet.
    let present: [PresentFleet]
    /// What stores those were configured from.
    let origins: [FleetName: [ConfigOrigin]]
    /// What is to be baked for this machine, of images of several platforms the one for its own.
    let unbaked: [ImageName]

    /// What of the fleet is not to have moved until its turn comes.
    func expectation(of fleet: FleetName) -> FleetExpectation {
        FleetExpectation(present.first { $0.name == fleet }?.standing)
    }
}

/// Looks at all that a plan is made from; changes nothing.
struct ApplySurvey {
    let options: DefinitionOptions
    let environment: EnvironmentName?
    let fleets: FleetContext
    let context: CommandContext
    /// Whether fleets of other definitions may be taken over.
    var takesOver = false

    func look() async throws -> ApplySituation {
        let definition = try options.definition(for: environment)
        let lock = try LockFile.require(options.lockPath)
        let defined = try DefinedFleet.all(of: definition)
        let forecasts = try await forecast(defined, definition, lock)
        let images = ImageStore(home: fleets.home)
        let bakes = forecasts.compactMap { forecast in
            bake(forecast, images)
        }
        let unbaked = Set(bakes.map(\.image))
        let manifests = Dictionary(uniqueKeysWithValues: forecasts.map { ($0.image, $0.manifest) })
        var resolved: [FleetName: ResolvedConfig] = [:]
        for fleet in defined { resolved[fleet.name] = try await fleet.resolved(fleets) }
        var wanted: [WantedFleet] = []
        for fleet in defined {
            let manifest = unbaked.contains(fleet.fleet.image) ? nil : manifests[fleet.fleet.image] ?? nil
            wanted.append(try await self.wanted(fleet, manifest, resolved[fleet.name] ?? .none, images))
        }
        let present = try await fleets.reader.present(asking: defined.map(\.name))
        let origin = options.origin
        let planner = ApplyPlanner(origin: origin) { [takesOver] other in
            !takesOver && other.isThere
        }
        let names = Set(defined.map(\.name))
        return ApplySituation(
            definition: definition,
            lock: lock,
            plan: planner.plan(wanted, present: present, bakes: bakes),
            basis: try ApplyBasis(
                environment: environment,
                takesOver: takesOver,
                inputs: try inputs(of: definition, forecasts, resolved),
                images: forecasts.compactMap { forecast in
                    guard !unbaked.contains(forecast.image) else { return nil }
                    return forecast.manifest.map { ApplyBasis.Input("image \(forecast.image)", $0) }
                },
                present: present.filter { names.contains($0.name) || $0.standing?.origin == origin }
            ),
            contents: Dictionary(
                uniqueKeysWithValues: wanted.compactMap { fleet in fleet.content.map { (fleet.name, $0) } }
            ),
            present: present,
            origins: resolved.mapValues(\.origins),
            unbaked: forecasts.filter { unbaked.contains($0.image) }.map(\.baked)
        )
    }

    /// Makes the images that the plan lacks.
    func bake(_ situation: ApplySituation) async throws {
        let commit = try await SourceCommit.find(
            situation.definition.directory,
            environment: context.environment
        )
        let baked = try await BakeExecutor(
            definition: situation.definition,
            lock: situation.lock,
            home: fleets.home,
            registry: context.registry(),
            environment: context.environment
        ).bake(situation.unbaked)
        try await BakeProvenance(
            context: context,
            definition: situation.definition,
            lock: situation.lock,
            commit: commit
        ).record(baked)
    }

    private func forecast(
        _ defined: [DefinedFleet],
        _ definition: Definition,
        _ lock: Lock
    ) async throws -> [BakeForecast] {
        let names = OrderedSet(defined.map(\.fleet.image))
        guard !names.isEmpty else { return [] }
        return try await BakeExecutor(
            definition: definition,
            lock: lock,
            home: fleets.home,
            registry: context.registry()
        ).forecast(Array(names))
    }

    private func bake(_ forecast: BakeForecast, _ images: ImageStore) -> ApplyPlan.Bake? {
        guard let manifest = forecast.manifest else {
            return ApplyPlan.Bake(
                image: forecast.image,
                reason: "it is not baked as definition and lock have it"
            )
        }
        guard !images.isWhole(manifest) else { return nil }
        return ApplyPlan.Bake(image: forecast.image, reason: "it is not whole in the store")
    }

    private func wanted(
        _ fleet: DefinedFleet,
        _ manifest: Digest?,
        _ resolved: ResolvedConfig,
        _ images: ImageStore
    ) async throws -> WantedFleet {
        let content = try manifest.map { try fleet.content(in: images, image: $0, resolved: resolved) }
        return WantedFleet(
            name: fleet.name,
            policy: fleet.policy,
            image: fleet.fleet.image,
            content: content,
            refusal: try await refusal(of: content, fleet, images)
        )
    }

    /// Why no release of it would be made; nil also for content that the fleet has a release of, which was admitted then.
    private func refusal(
        of content: ReleaseContent?,
        _ fleet: DefinedFleet,
        _ images: ImageStore
    ) async throws -> ApplyPlan.Obstacle? {
        guard let content else { return nil }
        do {
            try RevocationGate(images: images).check(content)
        } catch let error as FleetError {
            return ApplyPlan.Obstacle(.revoked, error.message, hint: error.hint)
        }
        let digest = try content.digest()
        guard try await !fleets.store.releaseEntries(of: fleet.name).contains(where: { $0.digest == digest })
        else { return nil }
        do {
            try await fleet.checkSignatures(of: content, images)
        } catch let error as AttestError where error.code == .unsigned {
            let told = error.diagnostics[0]
            return ApplyPlan.Obstacle(.unsigned, told.message, hint: told.hint)
        }
        guard fleet.rules != nil,
            let verdict = try await fleet.verdict(on: content, home: fleets.home), !verdict.passed
        else { return nil }
        return GateText.obstacle(verdict)
    }

    private func inputs(
        of definition: Definition,
        _ forecasts: [BakeForecast],
        _ resolved: [FleetName: ResolvedConfig]
    ) throws -> [ApplyBasis.Input] {
        let files = OrderedSet(definition.fleets.values.flatMap { $0.config.files.map(\.source) })
        let stores = try definition.fleets.keys.compactMap { name -> ApplyBasis.Input? in
            guard let config = resolved[name], !config.origins.isEmpty else { return nil }
            return ApplyBasis.Input("what the stores of fleet \(name) say", try config.digest())
        }
        return [
            ApplyBasis.Input("the definition", Digest(of: definition.source.text)),
            ApplyBasis.Input("the lock", Digest(of: try Files.read(options.lockPath))),
        ] + forecasts.map { ApplyBasis.Input("what goes into image \($0.image)", $0.key) }
            + files.compactMap { file in
                // One that is missing is told where the release is made.
                (try? Files.read(definition.directory.pushing(file))).map {
                    ApplyBasis.Input("the file \(file)", Digest(of: $0))
                }
            }
            + stores
    }
}
