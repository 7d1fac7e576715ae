/// In which order a release takes over from the stable one.
package enum Strategy: Sendable, Hashable {
    /// Instance by instance, as the budget allows.
    case rolling
    /// A whole new set beside the old one, then all requests at once; with `isManual` when a person says so.
    case blueGreen(isManual: Bool = false)
    /// A growing share of the requests, step by step, then the rest.
    case canary([CanaryStep])
}

/// One step of a canary: so much of the traffic, and what must come before more.
package struct CanaryStep: Sendable, Hashable {
    package enum Pause: Sendable, Hashable {
        case time(Duration)
        /// Until a person promotes it.
        case manual
    }

    /// Of a hundred requests.
    package let weight: Int
    package let pause: Pause
    /// How much worse the release may do than stable instances that started with it; nil when nobody compares them.
    package let analysis: Analysis?

    package init(weight: Int, pause: Pause, analysis: Analysis? = nil) {
        self.weight = weight
        self.pause = pause
        self.analysis = analysis
    }
}

/// A step in instances and requests.
package struct RolloutStep: Sendable, Hashable {
    /// Of the target.
    package let instances: Int
    /// Of the stable release.
    package let others: Int
    /// Of a hundred requests, those that the target gets once it has its instances; 0 keeps them all from it.
    package let share: Int
    package let pause: CanaryStep.Pause
    package let analysis: Analysis?

    package var analyzes: Bool { analysis != nil }
}

extension RolloutPolicy {
    /// What comes before the target takes over. A volume that one instance at a time may hold leaves no choice.
    package func steps(for wanted: Int, isBalanced: Bool) -> [RolloutStep] {
        guard !isExclusive, wanted > 0 else { return [] }
        switch strategy {
        case .rolling: return []
        case .blueGreen(let isManual):
            return [
                RolloutStep(
                    instances: wanted,
                    others: wanted,
                    share: 0,
                    pause: isManual ? .manual : .time(.zero),
                    analysis: nil
                )
            ]
        case .canary(let steps):
            let maySurge = budget(for: wanted).surge > 0
            return steps.map { step in
                let (instances, others) = Self.size(
                    of: step.weight,
                    wanted,
                    maySurge: maySurge,
                    isBalanced: isBalanced
                )
                return RolloutStep(
                    instances: instances,
                    others: others,
                    share: step.weight,
                    pause: step.pause,
                    analysis: isBalanced ? step.analysis : nil
                )
            }
        }
    }

    /// A balancer gives any share to any number, so there are as many as carry it; without one the number is the share.
    static func size(
        of weight: Int,
        _ wanted: Int,
        maySurge: Bool,
        isBalanced: Bool
    ) -> (instances: Int, others: Int) {
        if weight >= 100 { return (wanted, 0) }
        if isBalanced {
            let most = wanted > 1 && !maySurge ? wanted - 1 : wanted
            let instances = min(most, max(1, (wanted * weight + 99) / 100))
            return (instances, max(wanted - instances, maySurge ? 1 : 0))
        }
        var best: (instances: Int, total: Int)?
        for total in maySurge ? [wanted, wanted + 1] : [wanted] {
            for rounded in [total * weight / 100, (total * weight + 99) / 100] {
                let instances = min(max(1, rounded), wanted, max(1, total - 1))
                guard let other = best else {
                    best = (instances, total)
                    continue
                }
                // |instances / total - weight|, without fractions.
                let error = abs(instances * 100 - weight * total) * other.total
                let otherError = abs(other.instances * 100 - weight * other.total) * total
                if error < otherError || (error == otherError && instances > other.instances) {
                    best = (instances, total)
                }
            }
        }
        return best.map { ($0.instances, $0.total - $0.instances) } ?? (wanted, 0)
    }
}
