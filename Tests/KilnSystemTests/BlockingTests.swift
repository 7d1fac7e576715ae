import Dispatch
import KilnSystem
import KilnTestSupport
import Synchronization
import Testing

@Suite struct `Calls that block` {
    /// Blocks until it is let go.
    private final class Gate: Sendable {  // a class: those that wait and the test share it
        private let semaphore = DispatchSemaphore(value: 0)
        private let begun = Atomic(0)

        var count: Int { begun.load(ordering: .relaxed) }

        func wait() {
            begun.add(1, ordering: .relaxed)
            semaphore.wait()
        }

        func open(_ count: Int) {
            for _ in 0..<count { semaphore.signal() }
        }
    }

    /// How many were inside at once.
    private final class Tally: Sendable {  // a class: the threads share it
        private let counts = Mutex((now: 0, most: 0))

        var most: Int { counts.withLock { $0.most } }

        func enter() {
            counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        }

        func leave() {
            counts.withLock { $0.now -= 1 }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `hold up neither tasks nor what computes, however many wait`() async throws {
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try await Blocking.wait { gate.wait() } } }
            defer { gate.open(100) }
            try await eventually(within: 10, "all wait at once") { gate.count == 100 }
            let began = BootInstant.now
            let sum = try await Blocking.run { (1...4).reduce(0, +) }
            let other = await withTaskGroup(of: Int.self) { tasks in
                for number in 1...4 { tasks.addTask { number } }
                return await tasks.reduce(0, +)
            }
            #expect(sum == 10 && other == 10)
            #expect(began.duration(to: .now) < .seconds(5))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `share no more threads than they may have, and leave none behind`() async throws {
        let pool = ThreadPool(limit: 3, patience: .milliseconds(10))
        let tally = Tally()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await Blocking.run(on: pool) {
                        tally.enter()
                        defer { tally.leave() }
                        return number
                    }
                }
            }
            let sum = try await group.reduce(0, +)
            #expect(sum == 19_900)
        }
        #expect((1...3).contains(tally.most))
        try await eventually("the threads have ended") { pool.count == 0 }
        let again = try await Blocking.run(on: pool) { 7 }
        #expect(again == 7)
    }
}
