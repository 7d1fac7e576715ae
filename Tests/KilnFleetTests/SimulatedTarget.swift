import KilnDefinition
import KilnFleet
import KilnRollout
import KilnRolloutSimulation
import KilnSystem
import Synchronization

/// A simulated engine behind the role that a real one will have, in virtual time, that loses what it is told to lose.
final class SimulatedTarget: ReleaseTarget {  // a class: tests and driver look at the one target
    struct Refused: Error {}

    enum Kind: CaseIterable {
        case deployment
        case refresh
    }

    struct State {
        var engine: any SimulatedEngine
        var newest = FencingToken(0)
        var calls: [String] = []
        /// So many of the next looks, and calls, fail.
        var failingLooks = 0
        var failingCalls = 0
        /// So many of the next calls take effect, and are reported as failed.
        var lostAnswers = 0
    }

    let abilities: EngineAbilities
    private let state: Mutex<State>
    private let time: VirtualTime

    /// Behaviours are those of releases 1, 2, …
    init(_ time: VirtualTime, _ kind: Kind, _ behaviours: [EngineBehaviour]) {
        let now = Instant(nanoseconds: time.now.nanoseconds)
        let engine: any SimulatedEngine =
            switch kind {
            case .deployment: SimulatedDeployment([.good] + behaviours, now: now)
            case .refresh: SimulatedRefresh([.good] + behaviours, hasAlarm: true, now: now)
            }
        self.time = time
        abilities = engine.abilities
        state = Mutex(State(engine: engine))
    }

    var calls: [String] { state.withLock { $0.calls } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// As it is at this moment, asked behind the driver's back.
    var seen: EngineState? {
        let now = now
        return state.withLock { state in
            state.engine.advance(to: now)
            return state.engine.state
        }
    }

    private var now: Instant { Instant(nanoseconds: time.now.nanoseconds) }

    func observe(_ fleet: FleetName) async throws -> EngineState? {
        try await time.sleep(until: time.now.advanced(by: .milliseconds(50)))
        let fails = state.withLock { state in
            state.failingLooks -= 1
            return state.failingLooks >= 0
        }
        if fails { throw Refused() }
        return seen
    }

    func submit(_ order: ReleaseOrder, token: FencingToken) async throws {
        try await call("submit \(order.release.number)", token) {
            try $0.submit(order.submission, order.policy)
        }
    }

    func revert(to order: ReleaseOrder, token: FencingToken) async throws {
        try await call("revert \(order.release.number)", token) {
            try $0.submit(order.submission, order.policy)
        }
    }

    func pause(_ fleet: FleetName, token: FencingToken) async throws {
        try await call("pause", token) { try $0.pause() }
    }

    func resume(_ fleet: FleetName, token: FencingToken) async throws {
        try await call("resume", token) { try $0.resume() }
    }

    func cancel(_ fleet: FleetName, token: FencingToken) async throws {
        try await call("cancel", token) { try $0.cancel() }
    }

    func scale(_ fleet: FleetName, to instances: Int, token: FencingToken) async throws {
        try await call("scale \(instances)", token) { try $0.scale(to: instances) }
    }

    func retire(_ instance: EngineInstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await call("retire", token) { try $0.retire(instance) }
    }

    func remove(_ fleet: FleetName, token: FencingToken) async throws {
        try await call("remove", token) { try $0.remove() }
    }

    func logLines(
        _ instance: EngineInstanceID,
        of fleet: FleetName,
        last count: Int
    ) async throws -> [String] {
        ["\(instance) says goodbye"]
    }

    private func call(
        _ name: String,
        _ token: FencingToken,
        _ body: @Sendable (inout any SimulatedEngine) throws -> Void
    ) async throws {
        try await time.sleep(until: time.now.advanced(by: .milliseconds(200)))
        let now = now
        try state.withLock { state in
            guard token >= state.newest else { throw Refused() }
            state.newest = token
            if state.failingCalls > 0 {
                state.failingCalls -= 1
                throw Refused()
            }
            state.calls.append(name)
            state.engine.advance(to: now)
            try body(&state.engine)
            if state.lostAnswers > 0 {
                state.lostAnswers -= 1
                throw Refused()
            }
        }
    }
}
