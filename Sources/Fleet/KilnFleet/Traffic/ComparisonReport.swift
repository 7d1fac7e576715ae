import KilnRollout

/// How a canary does against the stable release at its step, written down so that others can show it.
package struct ComparisonReport: Sendable, Hashable, Codable {
    /// Of the rollout.
    package let generation: Int
    package let step: Int
    package let measurements: Int
    /// Measurements that found it worse.
    package let failures: Int
    /// All requests since the step was reached, in words.
    package let words: String

    init(_ rollout: RolloutState, _ run: AnalysisRun) {
        generation = rollout.generation
        step = rollout.stage?.step ?? 0
        measurements = run.measurements
        failures = run.failures
        words =
            run.canary.requests + run.baseline.requests == 0
            ? "no requests" : Analysis.comparison(canary: run.canary, baseline: run.baseline)
    }

    /// Whether it is of the step that the rollout is at.
    func isOf(_ rollout: RolloutState) -> Bool {
        rollout.phase == .rolling && rollout.generation == generation && rollout.stage?.step == step
    }

    /// Such as `2 measurements, 1 of them worse; in all 2.1 % errors of 480 requests against …`.
    package var summary: String {
        let worse = failures == 0 ? "" : ", \(failures) of them worse"
        return "\(measurements) measurement\(measurements == 1 ? "" : "s")\(worse); in all \(words)"
    }
}
