/// When an engine was last seen to lack the room for an instance: for a while after that a rollout may still stand still
/// through no fault of its release.
package struct Shortage: Sendable, Hashable {
    private var reason: String?
    private var at = Instant.zero

    package init() {}

    package mutating func note(_ engine: EngineState?, now: Instant) {
        guard let seen = engine?.shortage else { return }
        (reason, at) = (seen, now)
    }

    /// Why none could be made at some time since the rollout's last progress.
    package func since(_ mark: ProgressMark?) -> String? {
        guard let mark, at >= mark.at else { return nil }
        return reason
    }
}
