import KilnDefinition
import KilnRollout
import KilnSystem
import SystemPackage

/// What a plan was made for of one fleet: where that has moved by the time that its turn comes, nothing is changed.
package struct FleetExpectation: Sendable, Hashable {
    package let origin: FleetOrigin?
    package let release: ReleaseNumber?
    /// The release whose rollout waits for the work before it.
    package let pending: ReleaseNumber?
    /// nil where it does not matter: what a person scaled, or paused, since stays so.
    package let policy: FleetPolicy?
    package let isPaused: Bool?

    /// nil for a fleet that is not there.
    package init(_ standing: PresentFleet.Standing?) {
        origin = standing?.origin
        release = standing?.release
        pending = standing?.pending
        policy = standing?.policy
        isPaused = standing?.isPaused
    }

    package init(
        origin: FleetOrigin?,
        release: ReleaseNumber?,
        pending: ReleaseNumber? = nil,
        policy: FleetPolicy? = nil,
        isPaused: Bool? = nil
    ) {
        self.pending = pending
        self.origin = origin
        self.release = release
        self.policy = policy
        self.isPaused = isPaused
    }
}

extension FleetOrigin {
    /// Whether the definition is still where it was: one that is gone keeps no fleet from another.
    package var isThere: Bool { Files.exists(FilePath(path)) }
}

// Whose a fleet is, asked under its lease: it may have become another's while this command waited.
extension FleetDriver {
    func checkExpected(_ record: FleetRecord, _ options: Options) throws {
        guard let expected = options.expected else { return }
        var moved: [String] = []
        if record.origin != expected.origin {
            moved.append("it belongs to \(record.origin?.description ?? "no definition")")
        }
        let release = record.rollout.target?.releaseNumber
        if release != expected.release {
            moved.append("it is of \(release.map { "release \($0)" } ?? "no release")")
        }
        let pending = record.pending?.release
        if pending != expected.pending {
            moved.append("\(pending.map { "release \($0)" } ?? "no release") is to come")
        }
        if let policy = expected.policy, policy != record.policy { moved.append("its policy is another") }
        if let isPaused = expected.isPaused, isPaused != record.rollout.isPaused {
            moved.append(isPaused ? "it is no longer paused" : "it is paused")
        }
        if !moved.isEmpty { throw FleetError.moved(record.name, moved) }
    }

    /// Refuses a fleet of another definition that is still there, unless it is to be taken over.
    func refuseForeign(_ record: FleetRecord?, _ options: Options) throws {
        guard let record, let origin = options.origin, let other = record.origin, other != origin,
            !options.takesOver, isThere(other)
        else { return }
        throw FleetError.foreign(record.name, other, origin)
    }
}
