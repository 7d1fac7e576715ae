import KilnRollout
import Testing

@Suite struct `A place whose instances keep failing` {
    private let planner = RolloutPlanner()

    private func failures(
        _ count: Int,
        _ release: ReleaseKey? = nil,
        slot: Int = 1,
        at seconds: Int = 0
    )
        -> [InstanceFailure]
    {
        Array(
            repeating: InstanceFailure(
                slot: slot,
                release: release,
                at: Sample.now.advanced(by: .seconds(seconds)),
                reason: "x"
            ),
            count: count
        )
    }

    private func end(_ failures: [InstanceFailure], _ release: ReleaseKey? = nil, at seconds: Int = 0) -> Int?
    {
        let now = Sample.now.advanced(by: .seconds(seconds))
        return planner.backoffEnd(of: 1, release, failures, now: now).map {
            Int(Sample.now.duration(to: $0).components.seconds)
        }
    }

    @Test(
        arguments: [
            (0, nil), (2, nil), (3, 10), (4, 20), (5, 40), (6, 80), (7, 160), (8, 320), (9, 320), (30, 320),
        ] as [(Int, Int?)]
    )
    func `stays empty for twice as long after each, from the third on`(count: Int, seconds: Int?) {
        #expect(end(failures(count)) == seconds)
        if let seconds {
            #expect(end(failures(count), at: seconds - 1) == seconds)
            #expect(end(failures(count), at: seconds) == nil)
        }
    }

    @Test func `counts those of the last ten minutes, of the same release and the same place`() {
        #expect(end(failures(1, at: -599) + failures(2, at: 0)) == 10)
        #expect(end(failures(1, at: -600) + failures(2, at: 0)) == nil)
        #expect(end(failures(2) + failures(3, ReleaseKey(1))) == nil)
        #expect(end(failures(2) + failures(3, ReleaseKey(1)), ReleaseKey(1)) == 10)
        #expect(end(failures(2) + failures(3, slot: 2)) == nil)
        // From the last one.
        #expect(end(failures(2, at: -30) + failures(1, at: -3)) == 7)
    }

    @Test func `is told with its end, and others are not`() {
        var rollout = RolloutState(target: ReleaseKey(2), stable: ReleaseKey(2))
        rollout.failures = failures(3) + failures(2, slot: 0) + failures(9, ReleaseKey(1), slot: 2)
        #expect(
            planner.backoffs(rollout, now: Sample.now) == [1: Sample.now.advanced(by: .seconds(10))]
        )
    }
}
