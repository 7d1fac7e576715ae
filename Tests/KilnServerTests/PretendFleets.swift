import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnServer
import KilnSystem
import Synchronization

/// Carries changes out as the test says, and remembers them.
final class PretendFleets: ControlledFleets {  // a class: the server and the test share it
    struct Asked: Sendable, Hashable {
        let change: FleetChange
        let fleet: FleetName
        let options: FleetDriver.Options
    }

    typealias Body = @Sendable (Asked, StopSignal) async throws -> DeployOutcome

    private struct State {
        var asked: [Asked] = []
        var ended: [DeployOutcome] = []
    }

    private let state = Mutex(State())
    private let body: Body

    init(_ body: @escaping Body = { _, _ in .stable(ReleaseNumber(rawValue: 1)) }) {
        self.body = body
    }

    var asked: [Asked] { state.withLock { $0.asked } }
    var ended: [DeployOutcome] { state.withLock { $0.ended } }

    func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate,
        options: FleetDriver.Options,
        stop: StopSignal
    ) async throws -> DeployOutcome {
        let asked = Asked(change: change, fleet: fleet, options: options)
        state.withLock { $0.asked.append(asked) }
        if case .deploy(let content, _) = change { try await gate(content) }
        let outcome = try await body(asked, stop)
        state.withLock { $0.ended.append(outcome) }
        return outcome
    }
}

/// A platform that does nothing, and of which nothing is asked but what it says itself.
protocol QuietPlatform: InstancePlatform {}

extension QuietPlatform {
    func ends() -> AsyncStream<FleetName> { AsyncStream { $0.finish() } }
    func check(_ settings: FleetSettings) async throws {}
    func isListening(_ settings: FleetSettings) async throws -> Bool { true }
    func hasNewCertificates(_ settings: FleetSettings) async -> Bool { false }
    func certificates(of settings: FleetSettings) async -> [ListenerCertificate] { [] }
    func renewCertificates(
        _ settings: FleetSettings,
        token: FencingToken
    ) async throws -> [CertificateNews] { [] }
    func retireAltered(of fleet: FleetName, token: FencingToken) async throws {}
    func isolate(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func endTools(at instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
}

/// A platform on which nothing is.
struct EmptyPlatform: QuietPlatform {
    func observe(_ fleet: FleetName) async throws -> [InstanceObservation] { [] }
    func oneShots(of fleet: FleetName) async throws -> [InstanceObservation] { [] }
    func counters(of fleet: FleetName) async throws -> TrafficCounters { TrafficCounters() }
    func converge(_ settings: FleetSettings, token: FencingToken) async throws {}
    func create(_ spec: InstanceSpec, token: FencingToken) async throws {}
    func route(_ instance: InstanceID, of fleet: FleetName, weight: Int, token: FencingToken) async throws {}
    func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func probe(_ observation: InstanceObservation) async -> ProbeResult { .passed }
    func logLines(_ instance: InstanceID, of fleet: FleetName, last count: Int) async throws -> [String] {
        []
    }
    func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws {}
}
