/// How much each instance gets while the target has its step's share of the requests.
struct Weights {
    private let target: Int
    /// Of stable instances that came with the target: as much as the target's where that can be, so that both bear the
    /// same.
    private let baseline: Int
    private let other: Int

    init(_ census: Census) {
        let full = InstanceState.fullWeight
        let routed = census.fleet.instances.filter {
            $0.release != census.fleet.rollout.target && $0.traffic == .ready && !$0.isStopping
                && !$0.isTaken && !census.isAside($0)
        }
        guard let step = census.step, (1..<100).contains(step.share), !routed.isEmpty else {
            (target, baseline, other) = (full, full, full)
            return
        }
        let baselines = routed.count(where: census.isBaseline)
        // target * instances : target * baselines + others = share : 100 - share. The first of the step's instances do
        // not bear the share of those that are missing.
        let parts = step.instances * (100 - step.share) - baselines * step.share
        if parts > 0, routed.count > baselines {
            let others = routed.filter { !census.isBaseline($0) }
            (target, other) = Self.scaled(step.share, parts) { Self.sum(others, upTo: $0, census) }
            baseline = target
        } else {
            let parts = step.instances * (100 - step.share)
            (target, other) = Self.scaled(step.share, parts) { Self.sum(routed, upTo: $0, census) }
            baseline = other
        }
    }

    /// Whole weights for which `target * parts` is no more than `share * others(other)`, the greater of them the full one.
    private static func scaled(_ share: Int, _ parts: Int, others: (Int) -> Int) -> (target: Int, other: Int)
    {
        let full = InstanceState.fullWeight
        let least = (1...full).first { share * others($0) >= full * parts }
        return least.map { (full, $0) } ?? (max(1, share * others(full) / parts), full)
    }

    /// What these get together when each gets `other`, or what it keeps.
    private static func sum(_ instances: [InstanceState], upTo other: Int, _ census: Census) -> Int {
        instances.reduce(0) { $0 + min(other, kept($1, census) ?? other) }
    }

    /// The part that an instance of a release that was given up has, which does not grow: it is on its way out. One that
    /// was drained shows none that it could keep.
    private static func kept(_ instance: InstanceState, _ census: Census) -> Int? {
        let rollout = census.fleet.rollout
        guard let stable = rollout.stable, ![stable, rollout.target].contains(instance.release),
            instance.weight > 0
        else { return nil }
        return instance.weight
    }

    func of(_ instance: InstanceState, _ census: Census) -> Int {
        if instance.release == census.fleet.rollout.target { return target }
        let share = census.isBaseline(instance) ? baseline : other
        return min(share, Self.kept(instance, census) ?? share)
    }
}
