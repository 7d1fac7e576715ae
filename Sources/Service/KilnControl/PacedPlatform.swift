import KilnDefinition
import KilnFleet
import KilnSystem

/// A platform on which only so many instances are made at once, whichever fleets they are of: drives may be many,
/// since most of the time they wait.
struct PacedPlatform: InstancePlatform {
    let base: any InstancePlatform
    let turns: Turnstile

    func create(_ spec: InstanceSpec, token: FencingToken) async throws {
        try await turns.pass { try await base.create(spec, token: token) }
    }

    func observe(_ fleet: FleetName) async throws -> [InstanceObservation] { try await base.observe(fleet) }
    func ends() -> AsyncStream<FleetName> { base.ends() }
    func changes() -> AsyncStream<FleetName> { base.changes() }
    func isolate(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await base.isolate(instance, of: fleet, token: token)
    }
    func oneShots(of fleet: FleetName) async throws -> [InstanceObservation] {
        try await base.oneShots(of: fleet)
    }
    func check(_ settings: FleetSettings) async throws { try await base.check(settings) }
    func isListening(_ settings: FleetSettings) async throws -> Bool {
        try await base.isListening(settings)
    }
    func hasNewCertificates(_ settings: FleetSettings) async -> Bool {
        await base.hasNewCertificates(settings)
    }
    func certificates(of settings: FleetSettings) async -> [ListenerCertificate] {
        await base.certificates(of: settings)
    }
    func renewCertificates(
        _ settings: FleetSettings,
        token: FencingToken
    ) async throws -> [CertificateNews] {
        try await base.renewCertificates(settings, token: token)
    }
    func converge(_ settings: FleetSettings, token: FencingToken) async throws {
        try await base.converge(settings, token: token)
    }
    func route(_ instance: InstanceID, of fleet: FleetName, weight: Int, token: FencingToken) async throws {
        try await base.route(instance, of: fleet, weight: weight, token: token)
    }
    func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await base.drain(instance, of: fleet, token: token)
    }
    func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await base.detach(instance, of: fleet, token: token)
    }
    func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await base.destroy(instance, of: fleet, token: token)
    }
    func probe(_ observation: InstanceObservation) async -> ProbeResult { await base.probe(observation) }
    func counters(of fleet: FleetName) async throws -> TrafficCounters {
        try await base.counters(of: fleet)
    }
    func logLines(_ instance: InstanceID, of fleet: FleetName, last count: Int) async throws -> [String] {
        try await base.logLines(instance, of: fleet, last: count)
    }
    func retireAltered(of fleet: FleetName, token: FencingToken) async throws {
        try await base.retireAltered(of: fleet, token: token)
    }
    func endTools(at instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await base.endTools(at: instance, of: fleet, token: token)
    }
    func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws {
        try await base.removeFleet(fleet, volumes: volumes, token: token)
    }
}

/// Lets so many in at once, in the order in which they came.
actor Turnstile {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ limit: Int) {
        free = limit
    }

    nonisolated func pass<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        await enter()
        do {
            try Task.checkCancellation()
            let result = try await body()
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
