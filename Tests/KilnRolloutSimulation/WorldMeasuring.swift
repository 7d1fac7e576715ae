import KilnRollout

// What those say who compare a canary with the stable release.
extension World {
    private static let second: Int64 = 1_000_000_000

    /// What the balancer's counts say by now of the step that was reached.
    func verdict(on rollout: RolloutState) -> AnalysisVerdict? {
        guard let target = rollout.target, let reached = rollout.stage?.reached else { return nil }
        let age = now - reached.nanoseconds
        switch isCalm ? .exact : scenario.measuring {
        case .exact: return age > 2 * Self.second ? truth(of: target) : nil
        case .late: return age > 9 * Self.second ? truth(of: target) : nil
        case .missing: return age > 12 * Self.second ? .inconclusive(reason: "not to be measured") : nil
        case .erratic:
            var dice = Dice(scenario.seed, 4000, Int(now / (3 * Self.second)))
            switch dice.below(10) {
            case 0: return .failed(reason: "more errors")
            case 1, 2: return .inconclusive(reason: "too few requests")
            case 3, 4, 5: return .success
            default: return nil
            }
        }
    }

    private func truth(of release: ReleaseKey) -> AnalysisVerdict {
        switch scenario.releases[release.number] {
        case .worse: .failed(reason: "more errors")
        case .unclear: .inconclusive(reason: "too few requests")
        default: .success
        }
    }

    /// When it may be something else; nil when it stays.
    func nextVerdict(on rollout: RolloutState) -> Int64? {
        guard let reached = rollout.stage?.reached else { return nil }
        let waits: Int64? =
            switch isCalm ? .exact : scenario.measuring {
            case .exact: 2
            case .late: 9
            case .missing: 12
            case .erratic: nil
            }
        guard let waits else { return (now / (3 * Self.second) + 1) * 3 * Self.second }
        let moment = reached.nanoseconds + waits * Self.second + 1
        return moment > now ? moment : nil
    }
}
