import KilnAttest
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections

/// A fleet as its definition wants it.
struct DefinedFleet: Sendable {
    let name: FleetName
    let fleet: FleetDefinition
    private let definition: Definition

    /// Refuses a name that the definition does not have.
    init(_ name: FleetName, in definition: Definition) throws {
        guard let fleet = definition.fleets[name] else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "definition.unknown-fleet",
                    "\(definition.source.name) has no fleet \"\(name)\"",
                    hint: Spelling.hint(
                        for: name.description,
                        in: definition.fleets.keys.map(\.description)
                    ),
                    exitStatus: .usage
                )
            )
        }
        self.name = name
        self.fleet = fleet
        self.definition = definition
    }

    static func all(of definition: Definition) throws -> [DefinedFleet] {
        try definition.fleets.keys.map { try DefinedFleet($0, in: definition) }
    }

    var policy: FleetPolicy {
        FleetPolicy(
            instances: fleet.instances,
            listen: fleet.listen,
            rollout: fleet.rollout,
            needs: fleet.needs,
            isNeeded: definition.isNeeded(name),
            maxAge: fleet.maxAge,
            webhooks: fleet.webhooks,
            drift: fleet.drift
        )
    }

    var checks: [CheckDefinition] { definition.resolvedImage(fleet.image).checks }

    /// What the stores of its configuration say now.
    func resolved(_ fleets: FleetContext) async throws -> ResolvedConfig {
        guard !fleet.config.sources.isEmpty else { return .none }
        return try await ConfigResolver(store: fleets.vault, home: fleets.home)
            .resolve(fleet.config, directory: definition.directory)
    }

    /// What its release is made of, with everything that is beside the definition read now. `image` is the manifest, that of
    /// the image as it was baked last when nil.
    func content(
        in images: ImageStore,
        image: Digest? = nil,
        resolved: ResolvedConfig
    ) throws -> ReleaseContent {
        try ReleaseAssembler(images: images).content(
            for: fleet,
            image: try image ?? definition.bakedLast(fleet.image, in: images),
            peers: definition.peers(of: fleet),
            peerPorts: definition.peerPorts(of: fleet),
            resolved: resolved,
            directory: definition.directory
        )
    }

    /// Refuses an image that was not signed by whom it must be.
    func checkSignatures(of content: ReleaseContent, _ images: ImageStore) async throws {
        try await SignatureGate(definition: definition, images: images)
            .check(content.image, named: content.imageName, by: fleet.signedBy)
    }

    /// The rules that its image has to hold to; nil for none.
    var rules: GateDefinition? { definition.resolvedImage(fleet.image).gate }

    /// What a new release of it has to pass.
    func gate(
        _ fleets: FleetContext,
        skippingChecks: Bool = false,
        override: GateVerdict.Override? = nil
    ) -> ReleaseGate {
        let checks = skippingChecks ? [] : checks
        let revocations = RevocationGate(images: ImageStore(home: fleets.home))
        let checksGate = ChecksGate(verdicts: CheckVerdicts(home: fleets.home), checks: checks) { content in
            try await CheckRun(fleets: fleets).run(content, checks)
        }
        return { content in
            try revocations.check(content)
            try await checkSignatures(of: content, ImageStore(home: fleets.home))
            try await admit(content, fleets, override)
            try await checksGate.check(content)
        }
    }

    /// What the image's gate says of the content; nil where it has none.
    func verdict(on content: ReleaseContent, home: KilnHome) async throws -> GateVerdict? {
        guard let rules else { return nil }
        let signatures = SignatureGate(definition: definition, images: ImageStore(home: home))
        let signed = try await signatures.verdict(on: content.image, by: rules.signature)
        return try await ReleaseJudge(home: home).verdict(
            on: content.image,
            named: content.imageName,
            by: rules,
            hasChecks: !checks.isEmpty,
            signature: signed.map { GateFacts.Signature(missing: $0.missing, flaws: $0.refusals) },
            now: WallClock.now
        )
    }

    /// What the event says that makes the release of a gate that is overridden; nil where nothing has to be.
    func remark(overriding content: ReleaseContent, home: KilnHome) async throws -> String? {
        guard let verdict = try await verdict(on: content, home: home), !verdict.passed else { return nil }
        let rules = verdict.refusals.map(\.rule.rawValue).joined(separator: ", ")
        return "made although its gate refused it (\(rules))"
    }

    /// Keeps the verdict with the release that is to be made; refuses, unless it is overridden.
    private func admit(
        _ content: ReleaseContent,
        _ fleets: FleetContext,
        _ override: GateVerdict.Override?
    ) async throws {
        guard var verdict = try await verdict(on: content, home: fleets.home) else { return }
        if !verdict.passed {
            guard let override else {
                throw DiagnosticFailure(GateText.refusal(of: content, verdict, fleet: name))
            }
            verdict.override = override
        }
        try await fleets.store.note(verdict, of: name, content.digest())
    }
}
