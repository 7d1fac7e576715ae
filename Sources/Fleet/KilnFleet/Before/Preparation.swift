import KilnDefinition

/// How far the one-shot work of a release has come. It outlives its fleet, as the release does: what was done once is not done
/// again.
package struct Preparation: Sendable, Hashable, Codable {
    package struct Begun: Sendable, Hashable, Codable {
        /// Which of the release's work, from 0.
        package let index: Int
        package let instance: InstanceID
        /// Seconds since 1970.
        package let time: Int64
    }

    /// How many ended well, in their order.
    package var done: Int
    /// What was begun and whose end is not written down.
    package var begun: Begun?
    /// When the last one ended well, in seconds since 1970.
    package var finished: Int64?

    package init(done: Int = 0, begun: Begun? = nil, finished: Int64? = nil) {
        self.done = done
        self.begun = begun
        self.finished = finished
    }
}

/// A release whose rollout begins once the work before it is done.
package struct PendingRelease: Sendable, Hashable, Codable {
    package let release: ReleaseNumber
    /// The command that runs, or is to.
    package var work: String
    package var isReversible: Bool
    /// Seconds since 1970.
    package var since: Int64
    package var isPaused: Bool
    /// A person paused it, not an interruption: nothing but that person's word goes on with it. Absent is no.
    private var isHeld: Bool?
    /// Why a person has to say how it goes on.
    package var unsure: String?
    /// A person was told that, and not only whoever tends the fleet. Absent is no.
    var wasTold: Bool?
    /// Why it failed, while what ran is still to be removed.
    var failure: String?

    init(_ release: ReleaseNumber, _ work: BeforeDefinition, since: Int64) {
        self.release = release
        self.work = work.title
        isReversible = work.reversible
        self.since = since
        isPaused = false
    }

    /// A person was told that it has to be said how it goes on.
    var wasToldUnsure: Bool { unsure != nil && wasTold == true }

    package var isPausedByPerson: Bool { isPaused && isHeld == true }

    mutating func pause(byPerson: Bool = false) {
        isPaused = true
        if byPerson { isHeld = true }
    }

    mutating func resume() {
        isPaused = false
        isHeld = nil
    }

    /// Whether whoever drives the fleet next goes on with it unasked.
    package var goesOn: Bool { !isPaused && unsure == nil }
}

extension ReleaseContent {
    /// The same for one-shot work: shared volumes are the fleet's, what one instance alone may hold is not there.
    func forOneShot() -> ReleaseContent {
        var content = self
        content.health = nil
        content.ports = [:]
        content.state = state.map { state in
            switch state.kind {
            case .volume(_, .shared), .tmpfs: state
            case .volume: StateDefinition(path: state.path, kind: .tmpfs(size: 64 << 20))
            }
        }
        return content
    }
}
