import KilnDefinition
import KilnFleet
import KilnOCI
import KilnRollout
import Testing

@Suite struct `Releases that a collection leaves whole` {
    @Test(arguments: [
        (0, [2, 3, 4]), (1, [2, 3, 4, 6]), (2, [2, 3, 4, 6]), (3, [2, 3, 4, 6]), (5, [1, 2, 3, 4, 6]),
    ])
    func `are those in use and the newest that did not fail`(_ last: Int, _ expected: [Int]) {
        var record = FleetRecord(name: "shop", policy: FleetPolicy(), created: 0)
        record.rollout = RolloutState(target: ReleaseKey(4), stable: ReleaseKey(3))
        let instance = InstanceRecord(
            id: InstanceID("shop-2-abcd"),
            slot: 0,
            release: ReleaseNumber(rawValue: 2),
            created: 0
        )
        let rollout = RolloutRecord(
            number: 1,
            from: ReleaseNumber(rawValue: 3),
            to: ReleaseNumber(rawValue: 4),
            started: 0
        )
        let kept = ReleaseRetention(last: last).kept(
            releases,
            fleet: record,
            rollout: rollout,
            instances: [instance]
        )
        #expect(kept.map(\.rawValue).sorted() == expected)
    }

    @Test func `of a fleet that is gone are the newest`() {
        let kept = ReleaseRetention(last: 2).kept(releases, fleet: nil, rollout: nil, instances: [])
        #expect(kept.map(\.rawValue).sorted() == [4, 6])
    }

    /// 1 to 6; the fifth failed.
    private var releases: [ReleaseEntry] {
        (1...6).map { number in
            ReleaseEntry(
                number: ReleaseNumber(rawValue: number),
                digest: Digest(of: "release \(number)"),
                image: Digest(of: "image \(number)"),
                imageName: "shop",
                imageVersion: nil,
                created: 0,
                quarantine: number == 5 ? .init(reason: "failed", time: 0) : nil
            )
        }
    }
}
