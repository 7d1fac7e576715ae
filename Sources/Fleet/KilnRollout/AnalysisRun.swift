/// The comparison that goes on while a release is at a step, measurement by measurement. Pure: it is told what was counted.
///
/// A measurement is a stretch of time in which both sides had enough requests. More failed ones than the step bears
/// fail the release at once; whether it did well is told by all requests since the step was reached.
package struct AnalysisRun: Sendable, Hashable {
    /// One measurement that was completed.
    package struct Measurement: Sendable, Hashable {
        package let canary: TrafficSample
        package let baseline: TrafficSample
        package let verdict: AnalysisVerdict
    }

    /// So many looks in a row that told nothing leave the decision to a person.
    package static let errorLimit = 4

    package let analysis: Analysis
    /// Since the step was reached.
    package private(set) var canary = TrafficSample.none
    package private(set) var baseline = TrafficSample.none
    package private(set) var measurements = 0
    package private(set) var failures = 0
    private var openCanary = TrafficSample.none
    private var openBaseline = TrafficSample.none
    private var looks = 0
    private var errors: [String] = []
    private var lastFailure: String?

    package init(_ analysis: Analysis) {
        self.analysis = analysis
    }

    /// Takes what was counted since the last look; the measurement, when that completed one.
    package mutating func add(canary new: TrafficSample, baseline usual: TrafficSample) -> Measurement? {
        looks += 1
        errors = []
        canary = canary + new
        baseline = baseline + usual
        openCanary = openCanary + new
        openBaseline = openBaseline + usual
        guard min(openCanary.requests, openBaseline.requests) >= analysis.minRequests else { return nil }
        let measurement = Measurement(
            canary: openCanary,
            baseline: openBaseline,
            verdict: analysis.verdict(canary: openCanary, baseline: openBaseline)
        )
        openCanary = .none
        openBaseline = .none
        measurements += 1
        if case .failed(let reason) = measurement.verdict {
            failures += 1
            lastFailure = reason
        }
        return measurement
    }

    /// Whether enough was measured, and the release did not fail. Of one that waits for a person for long, the next run begins
    /// anew then: what failed by chance and hours apart says nothing.
    package var isConclusive: Bool {
        measurements >= 4 * (analysis.failures + 1) && failures <= analysis.failures
    }

    /// The counts could not be read this time.
    package mutating func couldNotMeasure(_ reason: String) {
        looks += 1
        errors.append(reason)
    }

    /// What can be said by now; nil before the release had the time to fail.
    package var verdict: AnalysisVerdict? {
        if failures > analysis.failures, let lastFailure { return .failed(reason: lastFailure) }
        if errors.count >= Self.errorLimit, let last = errors.last {
            return .inconclusive(reason: "what the balancer counts could not be read: \(last)")
        }
        guard looks > analysis.failures else { return nil }
        switch analysis.verdict(canary: canary, baseline: baseline) {
        case .success: return .success
        case .inconclusive(let reason): return .inconclusive(reason: reason)
        case .failed(let reason):
            return .inconclusive(reason: "\(reason), in \(failures) of \(measurements) measurements")
        }
    }
}
