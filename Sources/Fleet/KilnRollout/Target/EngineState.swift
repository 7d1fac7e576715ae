/// What an engine was told to run, and for which rollout: the same release rolled out once more is another submission.
package struct Submission: Sendable, Hashable, Codable {
    package let release: ReleaseKey
    /// Of `RolloutState`.
    package let generation: Int

    package init(release: ReleaseKey, generation: Int) {
        self.release = release
        self.generation = generation
    }
}

/// Names an instance of an engine, in the engine's own words: a pod's name, `i-0123…`.
package struct EngineInstanceID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    package static func < (left: EngineInstanceID, right: EngineInstanceID) -> Bool {
        left.description < right.description
    }
}

/// What an engine is able to do beside rolling out.
package struct EngineAbilities: Sendable, Hashable {
    /// Takes a new release while it is on its way to another one. Where it does not, that one has to be canceled first.
    package let rollsOver: Bool
    /// Stands still on the way and goes on. Where it does not, it is canceled and told anew.
    package let pauses: Bool

    package init(rollsOver: Bool, pauses: Bool) {
        self.rollsOver = rollsOver
        self.pauses = pauses
    }
}

/// What an engine that decides its own steps shows of a fleet.
package struct EngineState: Sendable, Hashable {
    /// What it does about the submission.
    package enum Activity: Sendable, Hashable {
        case moving
        case paused
        /// Was told to end on the way, and has not yet.
        case canceling
        case canceled
        /// Rolls nothing out, and its instances are not all there and well.
        case restoring
        /// Says that everything is of the release. Whether that lasts is judged elsewhere.
        case done
        /// Gave up, and left everything as it was at that moment.
        case failed(reason: String)
        /// Gave up, and goes back to what it had before.
        case reverting(reason: String)
        case reverted(reason: String)

        var isUnderWay: Bool {
            switch self {
            case .moving, .paused, .canceling, .reverting: true
            case .canceled, .restoring, .done, .failed, .reverted: false
            }
        }
    }

    /// What it says of itself in words of its own, for people: nothing is decided by it.
    package struct Condition: Sendable, Hashable {
        package let name: String
        package let reason: String

        package init(name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    package struct Instance: Sendable, Hashable {
        package enum Health: Sendable, Hashable {
            case starting
            /// Has been well for the policy's least time.
            case available
            case unhealthy(reason: String)
            /// Is being removed. It still holds room.
            case leaving
        }

        package let id: EngineInstanceID
        /// Nil for one that no release of Kiln made.
        package let release: ReleaseKey?
        package var health: Health
        /// How often it ended by itself.
        package var ends: Int
        /// When it last did, on the driver's clock.
        package var lastEnd: Instant?

        package init(
            id: EngineInstanceID,
            release: ReleaseKey?,
            health: Health,
            ends: Int = 0,
            lastEnd: Instant? = nil
        ) {
            self.id = id
            self.release = release
            self.health = health
            self.ends = ends
            self.lastEnd = lastEnd
        }
    }

    /// Nil when it was told nothing, or something that is none of Kiln's releases.
    package var submission: Submission?
    package var activity: Activity
    package var wanted: Int
    package var instances: [Instance]
    /// Why it cannot make instances at the moment: a quota, no capacity.
    package var shortage: String?
    package var conditions: [Condition]

    package init(
        submission: Submission? = nil,
        activity: Activity,
        wanted: Int,
        instances: [Instance] = [],
        shortage: String? = nil,
        conditions: [Condition] = []
    ) {
        self.submission = submission
        self.activity = activity
        self.wanted = wanted
        self.instances = instances
        self.shortage = shortage
        self.conditions = conditions
    }
}
