import KilnFleet
import KilnSystem
import Testing

@Suite struct `The pace of health checks` {
    private func pauses(_ answers: String, interval: Duration) -> [Int64] {
        var pace = ProbePace(interval: interval)
        return answers.map { answer in
            let result: ProbeResult = answer == "-" ? .failed(reason: "no") : .passed
            let pause = pace.pause(after: result, wasHealthy: answer == "h")
            return pause.inNanoseconds / 1_000_000
        }
    }

    /// `-` fails and `+` passes before it was ever healthy, `h` passes afterwards.
    @Test(arguments: [
        ("-------h", 1000, [100, 150, 225, 337, 506, 759, 1000, 1000] as [Int64]),
        ("--+h", 1000, [100, 150, 100, 1000]), ("-+h", 50, [50, 50, 50]),
    ])
    func `is quick until the first is found healthy, and slows down while it does not answer`(
        answers: String,
        interval: Int,
        expected: [Int64]
    ) {
        #expect(pauses(answers, interval: .milliseconds(interval)) == expected)
    }

    @Test func `counts a failure for each interval, and each answer that passes`() {
        var pace = ProbePace(interval: .seconds(1))
        func counts(_ passed: Bool, _ milliseconds: Int64, wasHealthy: Bool = false) -> Bool {
            pace.counts(
                passed ? .passed : .failed(reason: "no"),
                wasHealthy: wasHealthy,
                at: BootInstant(nanoseconds: milliseconds * 1_000_000)
            )
        }
        #expect(counts(false, 0))
        #expect(!counts(false, 100))
        #expect(!counts(false, 999))
        #expect(counts(false, 1000))
        #expect(counts(true, 1100))
        #expect(counts(true, 1200))
        #expect(counts(false, 1300), "it ends a streak")
        #expect(!counts(false, 1400))
        #expect(counts(false, 1500, wasHealthy: true))
    }
}
