import KilnFleet
import KilnSystem

/// The output of all instances of a fleet as it comes, also of instances that are yet to be; ends only by cancellation.
package struct LogFollower: AsyncSequence {
    package typealias Element = LogRecord
    package typealias Failure = any Error

    private let fleet: FleetPaths
    private let last: Int
    private let pause: Duration

    /// `last` lines of each instance that is there come first.
    package init(fleet: FleetPaths, last: Int, pause: Duration = .milliseconds(200)) {
        self.fleet = fleet
        self.last = last
        self.pause = pause
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(fleet: fleet, last: last, pause: pause)
    }

    package struct Iterator: AsyncIteratorProtocol {
        private let fleet: FleetPaths
        private let pause: Duration
        private var tails: [InstanceID: LogTailBox]
        private var pending: [LogRecord]

        fileprivate init(fleet: FleetPaths, last: Int, pause: Duration) {
            self.fleet = fleet
            self.pause = pause
            tails = [:]
            pending = []
            for instance in (try? fleet.instances()) ?? [] {
                let tail = LogTailBox(instance)
                pending += tail.last(last)
                tails[instance.id] = tail
            }
            pending.sort { $0.time < $1.time }
            pending.reverse()
        }

        package mutating func next() async throws -> LogRecord? {
            while pending.isEmpty {
                try Task.checkCancellation()
                look()
                if pending.isEmpty { try await Task.sleep(for: pause) }
            }
            return pending.popLast()
        }

        /// Records of one look are put in the order of their times.
        private mutating func look() {
            let instances = (try? fleet.instances()) ?? []
            for instance in instances {
                if tails[instance.id] == nil { tails[instance.id] = LogTailBox(instance) }
                InstanceLog(paths: instance).tend()
            }
            for tail in tails.values { pending += tail.read() }
            // A destroyed instance has been read to its end by now.
            let known = Set(instances.map(\.id))
            tails = tails.filter { known.contains($0.key) }
            pending.sort { $0.time < $1.time }
            pending.reverse()
        }
    }
}

/// A class because the tail owns an open file and dictionaries hold only what can be copied.
private final class LogTailBox {
    private let log: InstanceLog
    private var tail: LogTail

    init(_ paths: InstancePaths) {
        log = InstanceLog(paths: paths)
        tail = LogTail(paths)
    }

    func last(_ count: Int) -> [LogRecord] {
        log.last(count, reading: &tail)
    }

    func read() -> [LogRecord] {
        tail.read().records
    }
}
