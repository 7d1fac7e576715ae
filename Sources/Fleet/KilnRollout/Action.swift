/// One thing to do next.
///
/// A plan holds either changes, to be written down before anything else, after which the caller plans again; or work
/// on instances, each of which may run beside the others.
package enum Action: Sendable, Hashable {
    case change(Change)
    /// The caller chooses a key, notes the instance down, and only then makes it.
    case create(slot: Int, release: ReleaseKey)
    /// Gives it requests, or another part in them.
    case route(InstanceKey, weight: Int = InstanceState.fullWeight)
    case drain(InstanceKey)
    case detach(InstanceKey)
    case destroy(InstanceKey)
}

/// A decision: moves the fleet's record, touches nothing that runs.
package enum Change: Sendable, Hashable {
    /// The instance is to go. It may still have traffic; draining it comes first.
    case stop(InstanceKey)
    /// The instance is to get no traffic, and stays for a way back.
    case setAside(InstanceKey)
    /// The instance that a person waits for may go out of traffic: it is in that person's hands from now on.
    case take(InstanceKey)
    /// An instance of the target failed; its output is worth keeping.
    case noteFailure(InstanceKey, reason: String)
    case noteProgress(ProgressMark)
    /// There is something to do again: deadlines run from now.
    case startClock
    /// The step's instances are available.
    case fillStep
    /// So is what they are compared with, and the step's wait begins.
    case reachStep
    /// They are so no longer.
    case loseStep(isSetback: Bool)
    case hold(reason: String)
    case nextStep
    case startBake
    /// The release is stable, and instances that were kept for a way back are not needed any more.
    case endTrial
    case markStable(ReleaseKey)
    case quarantine(ReleaseKey, reason: String)
    case beginRollback(to: ReleaseKey, reason: String)
    case beginStopping(reason: String)
    case finish(Outcome)
}

/// How a rollout, or the healing of a fleet, ended.
package enum Outcome: Sendable, Hashable, Codable {
    case stable(ReleaseKey)
    case rolledBack(to: ReleaseKey, reason: String)
    /// Nothing runs.
    case stopped(reason: String)
    /// The release failed and everything was left as it is.
    case frozen(reason: String)
    /// No release failed, but the fleet does not reach its wanted state. A rollout stays unfinished.
    case degraded(reason: String)
    /// No instances are wanted: the release is what the fleet is of, and has yet to prove itself.
    case untried(ReleaseKey)
}
