import KilnRollout
import Testing

@Suite struct `The comparison with the stable release` {
    enum Word {
        case success
        case failed
        case inconclusive
    }

    private func sample(_ requests: Int, _ errors: Int, _ milliseconds: Int) -> TrafficSample {
        TrafficSample(requests: requests, errors: errors, latency: .milliseconds(milliseconds))
    }

    private func word(_ verdict: AnalysisVerdict) -> Word {
        switch verdict {
        case .success: .success
        case .failed: .failed
        case .inconclusive: .inconclusive
        }
    }

    @Test(arguments: [
        // requests, errors and milliseconds of the canary and of the baseline
        ([1000, 0, 20], [1000, 0, 20], Word.success),
        ([1000, 10, 20], [1000, 0, 20], .success),
        ([1000, 30, 20], [1000, 0, 20], .failed),
        ([1000, 30, 20], [1000, 25, 20], .success),
        ([100, 3, 20], [100, 0, 20], .inconclusive),
        ([100, 20, 20], [100, 0, 20], .failed),
        ([99, 99, 20], [1000, 0, 20], .inconclusive),
        ([1000, 0, 20], [99, 0, 20], .inconclusive),
        ([100, 0, 20], [100, 0, 20], .success),
        ([1000, 0, 30], [1000, 0, 20], .success),
        ([1000, 0, 31], [1000, 0, 20], .inconclusive),
        ([1000, 0, 40], [1000, 0, 20], .inconclusive),
        ([1000, 0, 41], [1000, 0, 20], .failed),
        ([1000, 0, 6], [1000, 0, 1], .success),
        ([1000, 0, 11], [1000, 0, 1], .inconclusive),
        ([1000, 0, 12], [1000, 0, 1], .failed),
        ([1000, 500, 1], [1000, 0, 90], .failed),
        ([100, 3, 20], [100, 0, 1], .failed),
        // Where many fail anyway, chance explains more, but not this.
        ([100, 65, 20], [100, 35, 20], .failed),
        ([100, 60, 20], [100, 40, 20], .inconclusive),
    ])
    func `tells what is worse, what is not, and what cannot be told`(
        canary: [Int],
        baseline: [Int],
        is word: Word
    ) {
        let verdict = Analysis().verdict(
            canary: sample(canary[0], canary[1], canary[2]),
            baseline: sample(baseline[0], baseline[1], baseline[2])
        )
        #expect(self.word(verdict) == word, "\(verdict)")
    }

    @Test func `says what it saw`() {
        let analysis = Analysis()
        #expect(
            analysis.verdict(canary: sample(1000, 45, 20), baseline: sample(1000, 10, 20))
                == .failed(reason: "4.5 % of its requests fail, 1 % of the stable release's")
        )
        #expect(
            analysis.verdict(canary: sample(1000, 0, 1500), baseline: sample(1000, 0, 20))
                == .failed(reason: "it answers in 1500 ms on average, the stable release in 20 ms")
        )
        #expect(
            analysis.verdict(canary: sample(7, 0, 20), baseline: sample(1000, 0, 20))
                == .inconclusive(reason: "7 requests are too few to compare, 100 are needed")
        )
    }
}
