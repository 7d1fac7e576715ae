import KilnFleet
import KilnRollout
import Testing

@Suite struct `What a balancer counted between two looks` {
    private let id = InstanceID("shop-1-aaaa")

    private func counters(
        _ counts: [Int32: (requests: Int, errors: Int, milliseconds: Int)]
    ) -> TrafficCounters {
        TrafficCounters(
            counts.mapValues {
                [
                    id: RequestCounts(
                        requests: $0.requests,
                        errors: $0.errors,
                        latency: .milliseconds($0.milliseconds)
                    )
                ]
            }
        )
    }

    private func sample(_ requests: Int, _ errors: Int, _ milliseconds: Int) -> TrafficSample {
        TrafficSample(requests: requests, errors: errors, latency: .milliseconds(milliseconds))
    }

    @Test func `is the difference`() {
        let samples = counters([7: (150, 4, 20)]).since(counters([7: (100, 3, 10)]))
        #expect(samples[id] == sample(50, 1, 20))
    }

    @Test func `is all of it where the process is new, beside what the old one finished`() {
        let samples = counters([7: (110, 3, 10), 9: (30, 1, 50)]).since(counters([7: (100, 3, 10)]))
        #expect(samples[id] == sample(40, 1, 40))
        let more = counters([9: (300, 9, 50)]).since(counters([7: (100, 3, 10)]))
        #expect(more[id] == sample(300, 9, 50), "what another process counted is not taken away")
    }

    @Test func `is all of it where the count began anew, and nothing of a process that is gone`() {
        #expect(counters([7: (20, 0, 10)]).since(counters([7: (100, 3, 10)]))[id] == sample(20, 0, 10))
        #expect(counters([9: (5, 0, 10)]).since(counters([7: (100, 3, 10)]))[id] == sample(5, 0, 10))
        #expect(counters([7: (100, 1, 10)]).since(counters([7: (100, 3, 10)]))[id] == sample(100, 1, 10))
    }

    @Test func `is not new where a process did not tell it in between`() {
        let first = counters([7: (100, 3, 10), 9: (5, 0, 10)])
        let silent = counters([9: (8, 0, 10)]).carrying(first)
        #expect(silent.since(first)[id]?.requests == 3)
        let last = counters([7: (110, 3, 10), 9: (10, 0, 10)])
        #expect(last.since(silent)[id]?.requests == 12)
        #expect(TrafficCounters([7: [:]]).carrying(first) == first)
    }

    @Test func `is nothing when nobody came`() {
        #expect(counters([7: (100, 3, 10)]).since(counters([7: (100, 3, 10)]))[id] == TrafficSample.none)
        #expect(TrafficCounters().since(counters([7: (100, 3, 10)])).isEmpty)
    }
}
