/// How far above and below its wanted size an engine may go, and how long things take, in the terms that engines know.
package struct EnginePolicy: Sendable, Hashable {
    package let wanted: Int
    package let budget: Budget
    /// Kubernetes: `minReadySeconds`; EC2: the instance warmup.
    package let minHealthy: Duration
    /// Kubernetes: `progressDeadlineSeconds`, which ends nothing there. Kiln judges by its own clock.
    package let progressDeadline: Duration

    package init(_ policy: RolloutPolicy, wanted: Int) {
        self.wanted = wanted
        budget = policy.budget(for: wanted)
        minHealthy = policy.minHealthy
        progressDeadline = policy.progressDeadline
    }

    /// Of an instance refresh (`MinHealthyPercentage`), which rounds up to instances. Rounded down, so that what may be
    /// missing may be missing; in a group so large that a percent is several instances, fewer may be.
    package var minHealthyPercent: Int {
        guard wanted > 0 else { return 100 }
        let least = wanted - budget.unavailable
        let percent = least * 100 / wanted
        return (wanted * percent + 99) / 100 < least ? percent + 1 : percent
    }

    /// Of an instance refresh (`MaxHealthyPercentage`): 100 to 200, and no more than a hundred above the least.
    package var maxHealthyPercent: Int {
        guard wanted > 0 else { return 100 }
        return min(200, minHealthyPercent + 100, ((wanted + budget.surge) * 100 + wanted - 1) / wanted)
    }
}
