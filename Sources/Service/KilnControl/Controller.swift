package import KilnDefinition
package import KilnDrift
package import KilnFleet
package import KilnStore
import KilnSystem

/// Keeps every fleet of a home as it is recorded to be, for as long as it runs.
///
/// Every second it looks at each fleet: at what the platform shows, and at what the catalog holds where that moved. Nothing is
/// taken or written for a fleet that is as it should be. For any other a driver does what is due, under the fleet's lease and
/// beside the drivers of other fleets. What is decided is in `FleetKeeper`; here it is carried out.
package actor Controller {
    package struct Settings: Sendable {
        package var lookInterval = Duration.seconds(1)
        /// How often each fleet is compared with its release.
        package var driftInterval = Duration.seconds(10)
        /// Fleets that are driven at once. A drive may last while it waits, for minutes, and keeps no other fleet from healing.
        package var driveLimit = 256
        /// Instances that are made at once by all drives.
        package var createLimit = 8
        package var lookLimit = 4

        package init() {}
    }

    /// What the outside learns of a run.
    package struct Signs: Sendable {
        /// Every fleet that was there at the start has been looked at.
        package var ready: @Sendable () -> Void
        /// The loop is alive; once for every look.
        package var alive: @Sendable () -> Void
        /// A fleet was looked at, which took so long.
        package var looked: @Sendable (Duration) -> Void

        package init(
            ready: @escaping @Sendable () -> Void = {},
            alive: @escaping @Sendable () -> Void = {},
            looked: @escaping @Sendable (Duration) -> Void = { _ in }
        ) {
            self.ready = ready
            self.alive = alive
            self.looked = looked
        }
    }

    /// Compares a fleet with its release.
    package typealias DriftInspector = @Sendable (FleetName) async throws -> DriftReport

    /// What a look at a fleet found.
    struct Seen: Sendable {
        let instances: [InstanceObservation]
        let hasNewCertificates: Bool
    }

    enum Event: Sendable {
        case tick
        case stopRequested
        /// With the moment at which the look began.
        case looked(FleetName, Result<Seen, any Error>, BootInstant)
        case probed(FleetName, InstanceID, ProbeResult)
        case drove(FleetName, Result<DeployOutcome?, any Error>)
        case alerted(FleetName, Result<Void, any Error>)
        case inspected(FleetName, Result<DriftReport, any Error>)
        /// An instance of the fleet wrote to its root.
        case touched(FleetName)
        /// Some fleet may be due to be compared with its release.
        case inspectionDue
        /// Somebody outside has changed the fleet through this controller, or wants it looked at; or an instance of it ended.
        case changed(FleetName)
    }

    nonisolated let store: any FleetStore
    nonisolated let platform: any InstancePlatform
    nonisolated let clock: any FleetClock
    nonisolated let holder: LeaseHolder
    nonisolated let settings: Settings
    nonisolated let inspect: DriftInspector?
    private nonisolated let isAlive: @Sendable (LeaseHolder) -> Bool
    private nonisolated let storeLock: StoreLock?
    private nonisolated let turns: Turnstile
    private nonisolated let makeSuffix: @Sendable () -> String

    var keepers: [FleetName: FleetKeeper] = [:]
    var revision: StoreRevision?
    /// Fleets of the start that nothing was found out about yet, or that are being brought back.
    var starting: Set<FleetName>?
    var isReady = false
    var isEnding = false
    var lookQueue: [FleetName] = []
    /// Fleets that something happened to while they were looked at.
    var missed: Set<FleetName> = []
    var driveQueue: [FleetName] = []
    var looks = 0
    var drives = 0
    /// Of those, the ones that only measure until a person speaks.
    var measuring: Set<FleetName> = []
    var isInspecting = false
    var nextTick: BootInstant?
    /// What was told of the store, until it answers again.
    var storeTrouble: String?
    var post: AsyncStream<Event>.Continuation?
    private var guests: [Int: (fleet: FleetName, stop: StopSignal)] = [:]
    private var nextGuest = 0

    /// `storeLock` keeps a collection of garbage out while something is driven; `inspect` is nil where drift is not looked for.
    package init(
        store: any FleetStore,
        platform: any InstancePlatform,
        inspect: DriftInspector? = nil,
        storeLock: StoreLock? = nil,
        clock: any FleetClock = SystemFleetClock(),
        holder: LeaseHolder = .controller,
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive },
        settings: Settings = Settings(),
        makeSuffix: @escaping @Sendable () -> String = { InstanceID.randomSuffix() }
    ) {
        self.store = store
        self.platform = platform
        self.inspect = inspect
        self.storeLock = storeLock
        self.clock = clock
        self.holder = holder
        self.isAlive = isAlive
        self.settings = settings
        turns = Turnstile(settings.createLimit)
        self.makeSuffix = makeSuffix
    }

    /// Keeps the fleets until a stop is requested and what was under way has come to an end. Rollouts are not paused by that:
    /// the next controller goes on with them.
    package func run(until stop: StopSignal, signs: Signs = Signs()) async {
        let (events, post) = AsyncStream.makeStream(of: Event.self)
        self.post = post
        isEnding = false
        await withDiscardingTaskGroup { group in
            group.addTask {
                await stop.wait()
                post.yield(.stopRequested)
            }
            let ends = platform.ends()
            group.addTask {
                for await fleet in ends { post.yield(.changed(fleet)) }
            }
            let changes = platform.changes()
            group.addTask {
                for await fleet in changes { post.yield(.touched(fleet)) }
            }
            post.yield(.tick)
            for await event in events {
                await take(event, signs, in: &group)
                if isEnding, drives == 0, guests.isEmpty { break }
            }
            // Also where the task was cancelled: what is under way is not to be left paused.
            end()
            group.cancelAll()
        }
        self.post = nil
    }

    private func take(
        _ event: Event,
        _ signs: Signs,
        in group: inout DiscardingTaskGroup
    ) async {
        switch event {
        case .tick:
            signs.alive()
            await tick(in: &group)
        case .stopRequested: end()
        case .looked(let fleet, let result, let began):
            looked(at: fleet, result, in: &group)
            signs.looked(began.duration(to: clock.now))
        case .probed(let fleet, let id, let result):
            keepers[fleet]?.health.take(result, of: id, now: clock.now)
        case .drove(let fleet, let result):
            drove(fleet, result)
            await lookAgain(at: fleet)
        case .alerted(let fleet, let result):
            drives -= 1
            keepers[fleet]?.activity = .none
            // Nobody can write it down while somebody changes the fleet: the next inspection says it again.
            if case .failure = result { keepers[fleet]?.lostAlert() }
        case .inspected(let fleet, let result): inspected(fleet, result, in: &group)
        case .touched(let fleet): touched(fleet, in: &group)
        case .inspectionDue: startInspection(in: &group)
        case .changed(let fleet): await lookAgain(at: fleet)
        }
        startLooks(in: &group)
        startDrives(in: &group)
        tellReady(signs)
    }

    /// What is under way comes to an end, and nothing new begins.
    private func end() {
        isEnding = true
        driveQueue = []
        for keeper in keepers.values {
            if case .driving(let stop) = keeper.activity { stop.request(.leaving) }
        }
        for guest in guests.values { guest.stop.request(.leaving) }
    }

    private func tellReady(_ signs: Signs) {
        // What a guest does may last: its fleet is as good as looked at.
        guard !isReady, revision != nil, keepers.values.allSatisfy({ $0.wasReached || hasGuest($0.name) })
        else { return }
        isReady = true
        signs.ready()
    }

    // MARK: For those who change fleets through this controller

    /// Runs somebody's own change of a fleet, with a driver that ends with the controller. `stop` ends it alone.
    ///
    /// What the controller does with the fleet by itself gives way.
    package nonisolated func drive<Result: Sendable>(
        _ fleet: FleetName,
        stop: StopSignal = StopSignal(),
        _ body: (FleetDriver) async throws -> Result
    ) async throws -> Result {
        let guest = try await enter(fleet, stop)
        do {
            let driver = driver(stop)
            let result = try await locked(stop) { try await body(driver) }
            await leave(guest)
            return result
        } catch {
            await leave(guest)
            throw error
        }
    }

    /// Ends what is being done with the fleet, without a pause, because a person is about to say something else.
    package func interrupt(_ fleet: FleetName) async {
        giveWay(fleet)
        if let lease = try? await store.lease(of: fleet), lease.holder == holder {
            _ = try? await store.interruptLease(lease, by: "the controller")
        }
    }

    /// Has the fleet looked at now, and not only in its turn.
    package func look(at fleet: FleetName) {
        post?.yield(.changed(fleet))
    }

    /// Whether somebody changes the fleet through this controller.
    func hasGuest(_ fleet: FleetName) -> Bool {
        guests.values.contains { $0.fleet == fleet }
    }

    private func giveWay(_ fleet: FleetName) {
        switch keepers[fleet]?.activity {
        case .driving(let stop): stop.request(.leaving)
        case .queued, .looking, .some(.none), nil:
            driveQueue.removeAll { $0 == fleet }
            keepers[fleet]?.giveWay(for: FleetKeeper.courtesy, now: clock.now)
        }
    }

    private func enter(_ fleet: FleetName, _ stop: StopSignal) throws -> Int {
        if isEnding { throw CancellationError() }
        giveWay(fleet)
        nextGuest += 1
        guests[nextGuest] = (fleet, stop)
        return nextGuest
    }

    private func leave(_ guest: Int) {
        guard let fleet = guests.removeValue(forKey: guest)?.fleet else { return }
        post?.yield(.changed(fleet))
    }

    // MARK: Drivers

    nonisolated func driver(_ stop: StopSignal) -> FleetDriver {
        FleetDriver(
            store: store,
            platform: PacedPlatform(base: platform, turns: turns),
            clock: clock,
            holder: holder,
            isAlive: isAlive,
            stop: stop,
            makeSuffix: makeSuffix
        )
    }

    /// No collection takes away what a fleet is about to need.
    nonisolated func locked<Result: Sendable>(
        _ stop: StopSignal,
        _ body: () async throws -> Result
    ) async throws -> Result {
        guard let storeLock else { return try await body() }
        return try await storeLock.shared(within: .seconds(600), isStopped: { stop.isRequested }, body)
    }

    /// Whether another process, or a guest, changes the fleet.
    nonisolated func isTaken(_ fleet: FleetName) async throws -> Bool {
        guard let lease = try await store.lease(of: fleet) else { return false }
        return lease.isHeld(now: clock.now, bootID: holder.bootID, isAlive: isAlive)
    }
}
