import KilnRollout
import Testing

@Suite struct `The comparison at a step` {
    private static let usual = TrafficSample(requests: 100, errors: 0, latency: .milliseconds(10))
    private static let bad = TrafficSample(requests: 100, errors: 30, latency: .milliseconds(10))
    private static let few = TrafficSample(requests: 40, errors: 0, latency: .milliseconds(10))

    private func run(_ canaries: TrafficSample..., failures: Int = 1) -> AnalysisRun {
        var run = AnalysisRun(Analysis(failures: failures))
        for canary in canaries { _ = run.add(canary: canary, baseline: Self.usual) }
        return run
    }

    private let worse = "30 % of its requests fail, 0 % of the stable release's"

    @Test func `says nothing before the release had the time to fail`() {
        #expect(run().verdict == nil)
        #expect(run(Self.usual).verdict == nil)
        #expect(run(Self.usual, Self.usual).verdict == .success)
        #expect(run(Self.usual, failures: 0).verdict == .success)
    }

    @Test func `fails a release by one measurement more than it bears`() {
        #expect(run(Self.bad).verdict == nil)
        #expect(run(Self.bad, Self.bad).verdict == .failed(reason: worse))
        #expect(run(Self.bad, Self.usual, Self.bad).verdict == .failed(reason: worse))
        #expect(run(Self.bad, failures: 0).verdict == .failed(reason: worse))
    }

    @Test func `leaves to a person what was worse in all and not often enough`() {
        #expect(
            run(Self.bad, Self.usual).verdict
                == .inconclusive(
                    reason: "15 % of its requests fail, 0 % of the stable release's, in 1 of 2 measurements"
                )
        )
    }

    @Test func `goes on with a measurement until both sides had enough requests`() {
        var run = AnalysisRun(Analysis())
        #expect(run.add(canary: Self.few, baseline: Self.usual) == nil)
        #expect(run.add(canary: Self.few, baseline: Self.usual) == nil)
        #expect(
            run.verdict == .inconclusive(reason: "80 requests are too few to compare, 100 are needed")
        )
        let measurement = run.add(canary: Self.few, baseline: Self.usual)
        #expect(measurement?.canary.requests == 120)
        #expect(measurement?.baseline.requests == 300)
        #expect(run.measurements == 1 && run.verdict == .success)
        #expect(run.add(canary: Self.few, baseline: Self.usual) == nil, "the next one begins anew")
        _ = run.add(canary: Self.few, baseline: Self.usual)
        let next = run.add(canary: Self.few, baseline: Self.usual)
        #expect(next?.canary.requests == 120 && next?.baseline.requests == 300)
    }

    @Test func `counts a look that told nothing as one, too`() {
        var blind = run(Self.usual, failures: 2)
        blind.couldNotMeasure("no answer")
        #expect(blind.verdict == nil)
        blind.couldNotMeasure("no answer")
        #expect(blind.verdict == .success)
    }

    @Test func `is conclusive after four times the measurements in which a release can fail`() {
        for (count, bad, isConclusive) in [(7, 0, false), (8, 0, true), (8, 1, true), (9, 2, false)] {
            var run = AnalysisRun(Analysis(failures: 1))
            for number in 0..<count {
                _ = run.add(canary: number < bad ? Self.bad : Self.usual, baseline: Self.usual)
            }
            #expect(run.isConclusive == isConclusive, "\(count) measurements, \(bad) of them bad")
        }
    }

    @Test func `leaves to a person what cannot be measured four times in a row`() {
        var run = run(Self.usual, Self.usual)
        for _ in 1...3 { run.couldNotMeasure("no answer") }
        #expect(run.verdict == .success)
        _ = run.add(canary: Self.usual, baseline: Self.usual)
        for _ in 1...3 { run.couldNotMeasure("no answer") }
        #expect(run.verdict == .success)
        run.couldNotMeasure("no answer")
        #expect(
            run.verdict
                == .inconclusive(reason: "what the balancer counts could not be read: no answer")
        )
    }

    @Test func `weighs each mean by its requests`() {
        let slow = TrafficSample(requests: 300, errors: 1, latency: .milliseconds(50))
        let both = Self.usual + slow
        #expect(both == TrafficSample(requests: 400, errors: 1, latency: .milliseconds(40)))
        #expect(Self.usual + .none == Self.usual)
        #expect(TrafficSample.none + .none == .none)
        #expect(
            Analysis.comparison(canary: both, baseline: .none)
                == "0.3 % errors of 400 requests against none of 0, 40 ms against 0 ms"
        )
    }
}
