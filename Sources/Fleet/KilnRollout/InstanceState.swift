/// What is known of one instance, and what was decided about it.
package struct InstanceState: Sendable, Hashable {
    package enum Process: Sendable, Hashable {
        /// Decided and noted down, but not (wholly) there. When nothing is under way for it, its making was cut off.
        case planned
        case running
        /// Ended by itself, from outside, or never came up.
        case ended(reason: String)
        /// The platform could not make it, which says nothing about its release.
        case refused

        /// Whether it surely doesn't run.
        var hasEnded: Bool {
            switch self {
            case .planned, .running: false
            case .ended, .refused: true
            }
        }
    }

    package enum Health: Sendable, Hashable {
        case unknown
        case passing(since: Instant)
        case failing(since: Instant, reason: String)
    }

    package enum Traffic: Sendable, Hashable {
        case none
        case ready
        /// Gets no new requests; `sessions` are still under way.
        case draining(sessions: Int, since: Instant)
    }

    package let key: InstanceKey
    /// Its place in the fleet, from 0. A replacement comes into the same one.
    package let slot: Int
    package let release: ReleaseKey
    package var process: Process
    package var health: Health
    package var traffic: Traffic
    /// Its part in the requests, against the others' parts; 0 while it drains.
    package var weight: Int
    /// Since when it is watched: its start, or the driver's own if that is later.
    package var watchedSince: Instant
    /// Passed its health check before, or was seen with traffic.
    package var wasHealthy: Bool
    /// When it was started, of one that had requests when this driver came, or was kept warm, and has been well since.
    package var servedFrom: Instant?
    /// An operation on it is under way; nothing else is started meanwhile.
    package var isBusy: Bool
    /// What was asked of it failed so often in a row that nobody waits for it any more. It is tried on all the same.
    package var isStuck: Bool
    /// Its removal was decided. There is no way back.
    package var isStopping: Bool
    /// To be replaced although it may be well: it drifted, or a person said so.
    package var isCondemned: Bool
    /// Its failure was counted, or is none of the release's: it ended while nobody watched, or before the rollout began.
    package var failureNoted: Bool
    /// The generation of the rollout that it was made in.
    package let madeIn: Int?
    /// The generation of the rollout that keeps it warm, without traffic.
    package var asideIn: Int?
    /// A person looks at it, or is about to; nil is nobody.
    package var custody: Custody?

    /// Of an instance that gets as much as any other.
    package static let fullWeight = 100

    package init(
        key: InstanceKey,
        slot: Int,
        release: ReleaseKey,
        process: Process = .planned,
        health: Health = .unknown,
        traffic: Traffic = .none,
        weight: Int = fullWeight,
        watchedSince: Instant = .zero,
        wasHealthy: Bool = false,
        servedFrom: Instant? = nil,
        isBusy: Bool = false,
        isStuck: Bool = false,
        isStopping: Bool = false,
        isCondemned: Bool = false,
        failureNoted: Bool = false,
        madeIn: Int? = nil,
        asideIn: Int? = nil,
        custody: Custody? = nil
    ) {
        self.key = key
        self.slot = slot
        self.release = release
        self.process = process
        self.health = health
        self.traffic = traffic
        self.weight = weight
        self.watchedSince = watchedSince
        self.wasHealthy = wasHealthy
        self.servedFrom = servedFrom
        self.isBusy = isBusy
        self.isStuck = isStuck
        self.isStopping = isStopping
        self.isCondemned = isCondemned
        self.failureNoted = failureNoted
        self.madeIn = madeIn
        self.asideIn = asideIn
        self.custody = custody
    }
}
