import KilnDefinition
import KilnFleet
import KilnSystem
import Synchronization

/// A platform in memory, in virtual time, that behaves as the image's version says and keeps count of what it sees.
final class PretendPlatform: InstancePlatform {  // a class: tests and driver look at the one platform
    struct Refused: Error {}

    struct Unfit: ReleaseFault {
        let isOfRelease = true
    }

    struct Instance {
        let spec: InstanceSpec
        var isMade = false
        var exitStatus: Int32?
        var traffic = InstanceObservation.Traffic.none
        var weight = 100
        var started: BootInstant?

        var version: String { spec.release.content.imageVersion ?? "" }
    }

    struct State {
        var instances: [InstanceID: Instance] = [:]
        var newestToken = FencingToken(0)
        var created: [InstanceID] = []
        var most = 0
        /// The least that served since the fleet was first whole.
        var leastServing: Int?
        var wasRemoved = false
        /// How many instances had been created each time that what was altered was taken out of use.
        var retirements: [Int] = []
        var listen: Listeners?
        /// Where somebody else listens.
        var taken: Set<ListenAddress> = []
        var capacity = Int.max
        var isDestroyRefused = false
        /// Instances that no destruction ends.
        var undestroyable: Set<InstanceID> = []
        /// Versions that no instance can be made of.
        var refused: Set<String> = []
        /// Versions whose instances are refused, and there all the same a minute later.
        var late: Set<String> = []
        var arriving: [(due: BootInstant, instance: Instance)] = []
        /// How many of the next instances of a version end at once.
        var exitingSuccessors: [String: Int] = [:]
        var stopBeforeDrain = 0
        var stuckDrain = false
        var looks = 0
        /// Looks that fail, by their number from 1.
        var failingLooks: Range<Int> = 0..<0
        /// How long a look takes that succeeds.
        var lookTime = Duration.zero
        /// How long a look takes before it fails.
        var failingLookTime = Duration.zero
        var converges = 0
        var failingConverges: Range<Int> = 0..<0
        /// How long it takes to make what instances share.
        var convergeTime = Duration.zero
        var destroyTime = Duration.milliseconds(200)
        /// Instances whose process is not to be seen.
        var obscured: Set<InstanceID> = []
        /// By version: of a hundred requests so many fail, and milliseconds to an answer.
        var service: [String: (errors: Int, latency: Int)] = [:]
        /// Requests a second to each instance with traffic.
        var rate = 0
        var failsToCount = false
        var oneShots: [InstanceID: Instance] = [:]
        /// One-shot work that began, by its words, in that order.
        var began: [String] = []
        /// The next one-shot work is refused before it begins, or reported as failed although it began.
        var refusesOneShots = false
        var losesOneShots = false
        /// How long one-shot work takes to be made, and to be removed.
        var oneShotTime = Duration.zero
        /// Nobody noted how one-shot work ended.
        var losesEnds = false
        /// Instances whose supervisor is gone.
        var orphaned: Set<InstanceID> = []
        /// The machine's files hold another certificate than the one that is shown.
        var hasNewCertificate = false
        /// Instances whose tools were ended.
        var endedTools: [InstanceID] = []
        /// Instances that were cut off and frozen, each with whether it had no traffic then.
        var isolated: [InstanceID: Bool] = [:]
        /// The machine cannot cut anything off.
        var refusesIsolation = false
        /// Nobody balances.
        var isBalancerDead = false
    }

    private let state = Mutex(State())
    private let listeners = Mutex<[AsyncStream<FleetName>.Continuation]>([])
    private let writers = Mutex<[AsyncStream<FleetName>.Continuation]>([])
    private let clock: VirtualTime

    init(_ clock: VirtualTime) {
        self.clock = clock
    }

    var seen: State { state.withLock { $0 } }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }

    func ends() -> AsyncStream<FleetName> {
        AsyncStream { continuation in listeners.withLock { $0.append(continuation) } }
    }

    /// How many want to hear of ends.
    var listening: Int { listeners.withLock { $0.count } }

    func hasNewCertificates(_ settings: FleetSettings) async -> Bool { seen.hasNewCertificate }

    func renewCertificates(
        _ settings: FleetSettings,
        token: FencingToken
    ) async throws -> [CertificateNews] {
        try admit(token)
        guard seen.hasNewCertificate, let listen = settings.listen?.addresses.first else { return [] }
        change { $0.hasNewCertificate = false }
        return [CertificateNews(listen, .renewed(expires: 0))]
    }

    /// Tells whoever listens that instances ended; nothing does so by itself.
    func tellEnd() {
        for listener in listeners.withLock(\.self) { listener.yield(Stage.fleet) }
    }

    /// Starts the record of how many serve.
    func watchServing() {
        state.withLock { $0.leastServing = Self.serving($0, at: clock.now) }
    }

    /// It ends after five seconds, with the status that its last word is; what `hangs` does not.
    func oneShots(of fleet: FleetName) async throws -> [InstanceObservation] {
        state.withLock { state in
            state.oneShots.values.map { shot in
                let started = shot.started ?? clock.now
                let words = shot.spec.command ?? []
                let hasEnded = started.duration(to: clock.now) >= .seconds(5) && words.last != "hangs"
                let status = state.losesEnds ? nil : Int32(words.last ?? "") ?? 0
                return InstanceObservation(
                    spec: shot.spec,
                    process: hasEnded ? .exited(status: status) : .running(pid: 43),
                    traffic: .none,
                    started: started
                )
            }
        }
    }

    func observe(_ fleet: FleetName) async throws -> [InstanceObservation] {
        let isFailing = state.withLock { state in
            state.looks += 1
            return state.failingLooks.contains(state.looks)
        }
        if isFailing {
            try await clock.sleep(until: clock.now.advanced(by: seen.failingLookTime))
            throw Refused()
        }
        let time = seen.lookTime
        if time > .zero { try await clock.sleep(until: clock.now.advanced(by: time)) }
        return state.withLock { state in
            for (due, instance) in state.arriving where due <= clock.now {
                state.instances[instance.spec.id] = instance
            }
            state.arriving.removeAll { $0.due <= clock.now }
            for (id, instance) in state.instances where instance.version == "exits" && instance.isMade {
                state.instances[id]?.exitStatus = 3
            }
            return state.instances.values.filter { $0.spec.release.fleet == fleet }.map { instance in
                InstanceObservation(
                    spec: instance.spec,
                    process: !instance.isMade || state.obscured.contains(instance.spec.id)
                        ? .incomplete
                        : instance.exitStatus.map { .exited(status: $0) } ?? .running(pid: 42),
                    traffic: state.isBalancerDead ? .none : instance.traffic,
                    weight: instance.weight,
                    address: "10.0.0.2",
                    started: instance.started,
                    isSupervised: !state.orphaned.contains(instance.spec.id)
                )
            }
        }
    }

    func check(_ settings: FleetSettings) async throws {
        if let listen = settings.listen, !seen.taken.isDisjoint(with: listen.addresses) { throw Refused() }
    }

    func isListening(_ settings: FleetSettings) async throws -> Bool { seen.listen == settings.listen }

    func certificates(of settings: FleetSettings) async -> [ListenerCertificate] { [] }

    func converge(_ settings: FleetSettings, token: FencingToken) async throws {
        try admit(token)
        try await check(settings)
        let time = seen.convergeTime
        if time > .zero { try await clock.sleep(until: clock.now.advanced(by: time)) }
        try state.withLock { state in
            state.converges += 1
            if state.failingConverges.contains(state.converges) { throw Refused() }
            state.listen = settings.listen
            state.isBalancerDead = false
        }
    }

    func create(_ spec: InstanceSpec, token: FencingToken) async throws {
        try admit(token)
        if spec.isOneShot == true {
            if spec.command?.first == "missing" { throw Unfit() }
            try await clock.sleep(until: clock.now.advanced(by: seen.oneShotTime))
            return try state.withLock { state in
                if state.refusesOneShots { throw NotBegun(cause: Refused()) }
                state.began.append((spec.command ?? []).joined(separator: " "))
                if state.losesOneShots { throw Refused() }
                state.oneShots[spec.id] = Instance(spec: spec, isMade: true, started: clock.now)
            }
        }
        if spec.release.content.imageVersion == "unfit" { throw Unfit() }
        try state.withLock { state in
            let version = spec.release.content.imageVersion ?? ""
            if state.late.contains(version) {
                let due = clock.now.advanced(by: .seconds(60))
                state.arriving.append((due, Instance(spec: spec, isMade: true)))
                throw Refused()
            }
            guard state.instances.count < state.capacity, !state.refused.contains(version) else {
                throw Refused()
            }
            if state.instances[spec.id] == nil { state.created.append(spec.id) }
            state.instances[spec.id] = state.instances[spec.id] ?? Instance(spec: spec)
            state.most = max(state.most, state.instances.count)
        }
        try await clock.sleep(until: clock.now.advanced(by: .milliseconds(400)))
        state.withLock { state in
            state.instances[spec.id]?.isMade = true
            state.instances[spec.id]?.started = clock.now
            let version = spec.release.content.imageVersion ?? ""
            guard let left = state.exitingSuccessors[version], left > 0 else { return }
            state.exitingSuccessors[version] = left - 1
            state.instances[spec.id]?.exitStatus = 1
        }
    }

    func route(_ instance: InstanceID, of fleet: FleetName, weight: Int, token: FencingToken) async throws {
        try admit(token)
        note { state in
            state.instances[instance]?.traffic = .ready
            state.instances[instance]?.weight = weight
        }
    }

    func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        note { state in
            state.instances[instance]?.traffic = .draining(sessions: state.stuckDrain ? 1 : 0)
            // As HAProxy shows it.
            state.instances[instance]?.weight = 0
        }
    }

    func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        note { state in
            state.instances[instance]?.traffic = .none
            state.instances[instance]?.weight = 100
        }
    }

    func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        if seen.isDestroyRefused || seen.undestroyable.contains(instance) { throw Refused() }
        if seen.oneShots[instance] != nil {
            try await clock.sleep(until: clock.now.advanced(by: seen.oneShotTime))
            return state.withLock { $0.oneShots[instance] = nil }
        }
        note { state in
            if state.instances[instance]?.traffic == .ready, state.instances[instance]?.exitStatus == nil {
                state.stopBeforeDrain += 1
            }
        }
        try await clock.sleep(until: clock.now.advanced(by: seen.destroyTime))
        note { $0.instances[instance] = nil }
    }

    func probe(_ observation: InstanceObservation) async -> ProbeResult {
        let instance = seen.instances[observation.spec.id]
        guard let instance, let started = instance.started, instance.exitStatus == nil else {
            return .failed(reason: "connection refused")
        }
        let age = started.duration(to: clock.now)
        return switch instance.version {
        case "sick": .failed(reason: "GET /healthz answered 500")
        case "fades" where age > .seconds(20): .failed(reason: "GET /healthz answered 503")
        default: age > .seconds(1) ? .passed : .failed(reason: "connection refused")
        }
    }

    /// What came since each instance started, as if it had had traffic from then on.
    func counters(of fleet: FleetName) async throws -> TrafficCounters {
        try state.withLock { state in
            if state.failsToCount { throw Refused() }
            var counts: [InstanceID: RequestCounts] = [:]
            for (id, instance) in state.instances where instance.traffic == .ready {
                let age = instance.started?.duration(to: clock.now) ?? .zero
                let requests = Int(age / .seconds(1)) * state.rate
                let (errors, latency) = state.service[instance.version] ?? (0, 10)
                counts[id] = RequestCounts(
                    requests: requests,
                    errors: requests * errors / 100,
                    latency: .milliseconds(latency)
                )
            }
            return TrafficCounters([1: counts])
        }
    }

    func logLines(_ instance: InstanceID, of fleet: FleetName, last count: Int) async throws -> [String] {
        ["starting", "\(seen.instances[instance]?.version ?? "?") says goodbye"]
    }

    func endTools(at instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        note { $0.endedTools.append(instance) }
    }

    func isolate(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        if seen.refusesIsolation { throw Refused() }
        note { state in
            state.isolated[instance] = state.instances[instance]?.traffic == InstanceObservation.Traffic.none
        }
    }

    func changes() -> AsyncStream<FleetName> {
        AsyncStream { continuation in writers.withLock { $0.append(continuation) } }
    }

    /// Tells whoever listens that an instance wrote to its root.
    func tellWrite() {
        for writer in writers.withLock(\.self) { writer.yield(Stage.fleet) }
    }

    func retireAltered(of fleet: FleetName, token: FencingToken) async throws {
        try admit(token)
        note { $0.retirements.append($0.created.count) }
    }

    func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws {
        try admit(token)
        state.withLock { $0.wasRemoved = true }
    }

    private func admit(_ token: FencingToken) throws {
        try state.withLock { state in
            guard token >= state.newestToken else { throw Refused() }
            state.newestToken = token
        }
    }

    private func note(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            if let least = state.leastServing {
                state.leastServing = min(least, Self.serving(state, at: clock.now))
            }
        }
    }

    private static func serving(_ state: State, at now: BootInstant) -> Int {
        state.instances.values.count { $0.traffic == .ready && $0.exitStatus == nil }
    }
}
