import KilnDefinition
package import KilnRollout

extension FleetPolicy {
    /// The policy as the planner knows it, for instances that end within `grace` of being told to.
    package func rolloutPolicy(
        isExclusive: Bool,
        grace: Duration = .zero
    ) throws(PolicyError) -> RolloutPolicy {
        try RolloutPolicy(
            strategy: rollout.plannedStrategy,
            surge: rollout.surge.share,
            unavailable: rollout.unavailable.share,
            keepWarm: rollout.keepWarm.share,
            isExclusive: isExclusive,
            minHealthy: rollout.minHealthy,
            healthyDeadline: rollout.healthyDeadline,
            progressDeadline: rollout.progressDeadline,
            drain: rollout.drain,
            grace: grace,
            bake: rollout.bake,
            onFailure: rollout.onFailure == .freeze ? .freeze : .rollback
        )
    }

    /// Refuses a policy under which no rollout of the content could come to an end.
    func check(for content: ReleaseContent?, of fleet: FleetName) throws(FleetError) {
        do {
            let isExclusive = content?.isExclusive ?? false
            _ = try rolloutPolicy(isExclusive: isExclusive, grace: content?.stop.grace ?? .zero)
        } catch {
            throw FleetError.policy(error, of: fleet)
        }
        for listener in listen?.leading ?? [] {
            guard case .name(let port)? = listener.port, let content, content.port(for: listener) == nil
            else {
                continue
            }
            throw FleetError.noPort(port, content, listener)
        }
    }

    /// A listener behind which the content answered under the policy before, and answers no more; nil when there is none.
    func unanswered(by content: ReleaseContent, since before: FleetPolicy) -> Listener? {
        guard let old = before.listen, let new = listen, old != new else { return nil }
        return new.all.first { listener in
            guard !listener.redirects, content.port(for: listener) == nil,
                let known = old.all.first(where: { $0.address == listener.address })
            else { return false }
            return content.port(for: known) != nil
        }
    }
}

extension RolloutDefinition {
    fileprivate var plannedStrategy: KilnRollout.Strategy {
        switch strategy {
        case .rolling: .rolling
        case .blueGreen: .blueGreen(isManual: promote == .manual)
        case .canary:
            .canary(
                steps.enumerated().map { index, step in
                    let isLast = index == steps.count - 1
                    let analysis = step.analysis?.planned
                    guard case .time(let time) = step.pause, !isLast || promote == .auto else {
                        return CanaryStep(weight: step.weight, pause: .manual, analysis: analysis)
                    }
                    return CanaryStep(weight: step.weight, pause: .time(time), analysis: analysis)
                }
            )
        }
    }
}

extension AnalysisDefinition {
    fileprivate var planned: Analysis {
        Analysis(
            minRequests: minRequests,
            maxErrorIncrease: errorRate,
            maxLatencyIncrease: (latency - 1) * 100,
            interval: interval,
            failures: failures
        )
    }
}

extension RolloutDefinition.Amount {
    fileprivate var share: RolloutPolicy.Share {
        switch self {
        case .count(let count): .count(count)
        case .percent(let percent): .percent(percent)
        }
    }
}

extension ReleaseContent {
    /// Whether one instance at a time may hold its state.
    var isExclusive: Bool {
        state.contains { if case .volume(_, .exclusive) = $0.kind { true } else { false } }
    }

    var probeInterval: Duration { health?.interval ?? .seconds(1) }
}

extension ReleaseNumber {
    var key: ReleaseKey { ReleaseKey(rawValue) }
}

extension ReleaseKey {
    package var releaseNumber: ReleaseNumber { ReleaseNumber(rawValue: number) }
}
