/// A person's hold on an instance that is to be looked at: condemned, without requests, and there until its time is up.
package struct Custody: Sendable, Hashable {
    /// It is destroyed then, whatever is done with it.
    package let until: Instant
    /// It serves until others do in its place, and is taken out of traffic only then.
    package var isAwaited: Bool

    package init(until: Instant, isAwaited: Bool = false) {
        self.until = until
        self.isAwaited = isAwaited
    }
}

extension InstanceState {
    /// Whether it is in a person's hands: it counts for nothing, neither for what serves nor for what there may be.
    package var isTaken: Bool { custody?.isAwaited == false }
}

// What becomes of instances in a person's hands. They are none of the rollout's any more, so that neither a pause nor a freeze
// keeps one in traffic, or beyond its time.
extension RolloutPlanner {
    /// The same as `plan` for instances in custody alone: nothing else of the fleet is touched.
    package func custody(_ fleet: FleetState, now: Instant) -> [Action] {
        let endings = endings(fleet, now: now)
        if !endings.isEmpty { return endings.map(Action.change) }
        return fleet.instances.compactMap { instance in
            instance.isTaken && !instance.isBusy ? leave(taken: instance, fleet, now: now) : nil
        }
    }

    /// Whether anything of them is under way or due, what nobody waits for any more aside.
    package func hasCustodyWork(_ fleet: FleetState, now: Instant) -> Bool {
        fleet.instances.contains { !$0.isStuck && isUnfinished($0, now: now) }
    }

    /// Whether anything of them is left to do.
    func hasCustodyLeft(_ fleet: FleetState, now: Instant) -> Bool {
        fleet.instances.contains { isUnfinished($0, now: now) }
    }

    private func isUnfinished(_ instance: InstanceState, now: Instant) -> Bool {
        instance.isTaken && (instance.isStopping || instance.traffic != .none || isOver(instance, now: now))
    }

    /// When a plan of theirs may come out differently although nothing was heard; nil: never.
    package func custodyMoment(_ fleet: FleetState, now: Instant) -> Instant? {
        custodyMoments(fleet).filter { $0 > now }.min()
    }

    /// When one is out of time, or was drained for long enough.
    func custodyMoments(_ fleet: FleetState) -> [Instant] {
        fleet.instances.flatMap { instance -> [Instant] in
            guard let custody = instance.custody else { return [] }
            guard case .draining(_, let since) = instance.traffic else { return [custody.until] }
            return [custody.until, since.advanced(by: fleet.policy.drain)]
        }
    }

    /// What ended has nothing left to look at.
    private func endings(_ fleet: FleetState, now: Instant) -> [Change] {
        fleet.instances.filter { $0.isTaken && !$0.isStopping && isOver($0, now: now) }.map { .stop($0.key) }
    }

    private func isOver(_ instance: InstanceState, now: Instant) -> Bool {
        instance.process.hasEnded || instance.custody.map { $0.until <= now } ?? false
    }

    /// Its next step out of traffic, and once its time is up out of the world.
    func leave(taken instance: InstanceState, _ fleet: FleetState, now: Instant) -> Action? {
        if instance.traffic == .none, !instance.isStopping { return nil }
        return leave(instance, drain: fleet.policy.drain, now: now)
    }

    /// Of one that waits to be taken, so that others serve before it does not. When its time is up first, it is only condemned.
    func isToBeTaken(_ instance: InstanceState, now: Instant) -> Bool {
        instance.custody.map { $0.isAwaited && $0.until > now } ?? false
    }
}
