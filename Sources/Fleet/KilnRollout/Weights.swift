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
                && !census.isAside($0)
        }
        guard let step = census.step, (1..<100).contains(step.share), !routed.isEmpty else {
            (target, baseline, other) = (full, full, full)
            return
        }
        let baselines = routed.count(where: census.isBaseline)
        // target * instances : target * baselines + other * others = share : 100 - share. The first of the step's
        // instances do not bear the share of those that are missing.
        let parts = step.instances * (100 - step.share) - baselines * step.share
        if parts > 0, routed.count > baselines {
            (target, other) = Self.scaled(step.share * (routed.count - baselines), parts)
            baseline = target
        } else {
            (target, other) = Self.scaled(step.share * routed.count, step.instances * (100 - step.share))
            baseline = other
        }
    }

    /// The ratio in whole weights, the greater of them the full one.
    private static func scaled(_ left: Int, _ right: Int) -> (Int, Int) {
        let full = InstanceState.fullWeight
        return left <= right
            ? (max(1, full * left / right), full) : (full, max(1, (full * right + left - 1) / left))
    }

    /// Of those beside the target nobody's part grows but by a step: on the way back it is on its way out.
    func of(_ instance: InstanceState, _ census: Census) -> Int {
        if instance.release == census.fleet.rollout.target { return target }
        guard census.step != nil else { return instance.weight }
        return census.isBaseline(instance) ? baseline : other
    }
}
