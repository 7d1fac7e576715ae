import KilnDefinition
import KilnRollout
import KilnSystem

/// The comparison at the step that a release is at, for as long as it stands there.
struct StepComparison: Sendable {
    let generation: Int
    let reached: Instant
    var run: AnalysisRun
    var last: TrafficCounters?
    var due: BootInstant
    /// What the last measurement found.
    var word: String?

    func isOf(_ rollout: RolloutState) -> Bool {
        rollout.generation == generation && rollout.stage?.reached == reached
    }
}

// What the balancer counts of a canary, against the stable release.
extension FleetRun {
    /// Looks at the counts when it is time to, and notes what they say.
    func compare() async throws {
        let now = clock.now
        let state = state(now: now)
        guard let comparison = planner.comparison(state, now: now.instant),
            let reached = state.rollout.stage?.reached
        else {
            comparing = nil
            return
        }
        guard var current = comparing, current.isOf(state.rollout) else {
            comparing = StepComparison(
                generation: state.rollout.generation,
                reached: reached,
                run: AnalysisRun(comparison.analysis),
                last: try? await platform.counters(of: ledger.name),
                due: now.advanced(by: comparison.analysis.interval)
            )
            return
        }
        guard now >= current.due else { return }
        current.due = max(current.due.advanced(by: comparison.analysis.interval), now)
        var events: [FleetEdit] = []
        do {
            let counters = try await platform.counters(of: ledger.name)
            let samples = counters.since(current.last ?? counters)
            current.last = current.last.map(counters.carrying) ?? counters
            let measurement = current.run.add(
                canary: sum(samples, comparison.canary),
                baseline: sum(samples, comparison.baseline)
            )
            if let measurement { events = note(measurement, &current) }
        } catch {
            current.run.couldNotMeasure(Self.words(error))
        }
        let edits = report(current.run) + events
        if planner.waitsForPerson(state, now: now.instant) != nil { hasMeasured = current.run.isConclusive }
        comparing = current
        try await write(edits)
    }

    private func sum(_ samples: [InstanceID: TrafficSample], _ keys: [InstanceKey]) -> TrafficSample {
        keys.compactMap { view.id(of: $0).flatMap { samples[$0] } }.reduce(.none, +)
    }

    private func report(_ run: AnalysisRun) -> [FleetEdit] {
        var record = ledger.record
        record.comparison = ComparisonReport(record.rollout, run)
        return record == ledger.record ? [] : [.putFleet(record)]
    }

    /// Told when it is the first, when it finds what the one before did not, and when it finds the release worse.
    private func note(
        _ measurement: AnalysisRun.Measurement,
        _ comparison: inout StepComparison
    ) -> [FleetEdit] {
        let word =
            switch measurement.verdict {
            case .success: "no worse"
            case .failed: "worse"
            case .inconclusive: "not clearly worse"
            }
        defer { comparison.word = word }
        if word == comparison.word, word != "worse" { return [] }
        let words = Analysis.comparison(canary: measurement.canary, baseline: measurement.baseline)
        let target = ledger.record.rollout.target?.releaseNumber
        let name = target.map { "release \($0)" } ?? "the release"
        return [ledger.event(.rolloutAnalysis, "\(name): \(words): \(word)", release: target)]
    }
}
