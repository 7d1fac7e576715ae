import KilnDefinition
import KilnRollout
import KilnSystem

// What is there of a fleet, whoever decides the steps.
extension FleetReader {
    /// `since` is when what runs was rolled out.
    func look(
        at record: FleetRecord,
        since time: Int64
    ) async throws -> ([FleetStatus.Instance], EngineStatus?) {
        let recorded = try await store.instances(of: record.name)
        switch role {
        case .instances(let platform):
            let seen = try await platform.observe(record.name)
            let observed = Dictionary(seen.map { ($0.spec.id, $0) }) { first, _ in first }
            let probes = await probe(recorded.compactMap { observed[$0.id] }, on: platform)
            return (recorded.map { instance(of: $0, observed[$0.id], probes[$0.id]) }, nil)
        case .releases(let target):
            guard let engine = try await target.observe(record.name) else { return ([], nil) }
            let known = Dictionary(recorded.map { ($0.id.description, $0) }) { first, _ in first }
            let instances = engine.instances.sorted { $0.id < $1.id }.enumerated().map { slot, instance in
                FleetStatus.Instance(
                    instance,
                    slot: slot,
                    known[instance.id.description],
                    created: time
                )
            }
            return (instances, EngineStatus(engine, record))
        }
    }

    /// Whether requests are taken where the policy says. An engine's own listener is the engine's to keep.
    func isListening(_ settings: FleetSettings) async throws -> Bool {
        guard case .instances(let platform) = role else { return true }
        return try await platform.isListening(settings)
    }

    /// Whether the machine's files hold a new certificate of a listener.
    func hasNewCertificates(_ settings: FleetSettings) async -> Bool {
        guard case .instances(let platform) = role else { return false }
        return await platform.hasNewCertificates(settings)
    }

    /// What its listeners show to clients.
    package func certificates(of settings: FleetSettings) async -> [ListenerCertificate] {
        guard case .instances(let platform) = role else { return [] }
        return await platform.certificates(of: settings)
    }

    private func probe(
        _ observations: [InstanceObservation],
        on platform: any InstancePlatform
    ) async -> [InstanceID: ProbeResult] {
        await withTaskGroup(of: (InstanceID, ProbeResult).self) { group in
            for observation in observations {
                guard case .running = observation.process else { continue }
                group.addTask { (observation.spec.id, await platform.probe(observation)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func instance(
        of record: InstanceRecord,
        _ seen: InstanceObservation?,
        _ probe: ProbeResult?
    ) -> FleetStatus.Instance {
        var reason: String?
        if case .failed(let why) = probe { reason = why }
        return FleetStatus.Instance(
            id: record.id,
            slot: record.slot,
            release: record.release,
            state: record.isStopping ? "stopping" : seen?.process.word ?? "missing",
            health: probe.map { $0 == .passed ? "healthy" : "unhealthy" },
            healthReason: reason,
            traffic: seen?.traffic.word ?? "none",
            address: seen?.address,
            pid: seen?.process.pid,
            condemned: record.condemned,
            debug: record.debug.map { FleetStatus.Debug($0) },
            created: record.created
        )
    }
}

extension InstanceObservation.Process {
    fileprivate var pid: Int32? {
        if case .running(let pid) = self { pid } else { nil }
    }

    fileprivate var word: String {
        switch self {
        case .incomplete: "starting"
        case .running: "running"
        case .exited: "ended"
        }
    }
}

extension InstanceObservation.Traffic {
    fileprivate var word: String {
        switch self {
        case .none: "none"
        case .ready: "ready"
        case .draining: "draining"
        }
    }
}
