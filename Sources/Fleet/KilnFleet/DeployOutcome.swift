package import KilnDiagnostics

/// How a deploy, or another piece of work on a fleet, ended.
package enum DeployOutcome: Sendable, Hashable {
    /// Everything was as asked; nothing that runs was touched. `policyChanged` when the policy was.
    case unchanged(ReleaseNumber?, policyChanged: Bool)
    case stable(ReleaseNumber)
    case rolledBack(to: ReleaseNumber, failed: ReleaseNumber, Failure)
    /// The work before its rollout failed, so that did not begin; what served goes on.
    case unready(ReleaseNumber, serving: ReleaseNumber?, Failure)
    /// Nobody saw how the work before its rollout ended: a person has to say whether it is run again.
    case unsure(ReleaseNumber, serving: ReleaseNumber?, reason: String)
    /// Nothing runs.
    case stopped(Failure)
    /// The release failed, and the policy (or a failed way back) leaves things as they are.
    case frozen(Failure)
    /// No release failed, but instances are missing.
    case degraded(Failure)
    /// Asked to stop before it was done; what runs goes on.
    case paused(ReleaseNumber?)
    /// Asked to leave off before it was done, and not paused: whoever drives the fleet next goes on.
    case left(ReleaseNumber?)
    /// The rollout waits for a person's word; what runs goes on.
    case waiting(ReleaseNumber?, reason: String)
    /// As a person asked: nothing is decided any more until another word.
    case halted(reason: String)
    /// Made the fleet's release, with no instances wanted that could prove it.
    case untried(ReleaseNumber)
    /// The instance is in a person's hands until then, in seconds since 1970; nil when it is gone.
    case debugged(InstanceID, until: Int64?)

    package struct Failure: Sendable, Hashable {
        package let reason: String
        package let evidence: FailureEvidence?
        /// Whether the release is at fault, and quarantined for it: not when a person aborted it, or the platform had no room.
        package let isBlamed: Bool

        package init(reason: String, evidence: FailureEvidence?, isBlamed: Bool = true) {
            self.reason = reason
            self.evidence = evidence
            self.isBlamed = isBlamed
        }

        /// The last lines of the instance that failed.
        package var logLines: [String] { evidence?.logLines ?? [] }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unchanged, .stable, .untried, .halted, .debugged: .done
        case .waiting: .changesPending
        case .rolledBack: .rolledBack
        case .unready, .unsure, .stopped, .frozen, .degraded: .failed
        case .paused, .left: .interrupted
        }
    }
}
