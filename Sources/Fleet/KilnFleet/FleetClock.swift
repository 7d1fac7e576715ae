package import KilnSystem

/// The clocks of a driver: one that only runs forward for decisions, the calendar for people.
package protocol FleetClock: Sendable {
    var now: BootInstant { get }
    /// Seconds since 1970.
    var time: Int64 { get }
    /// The same in milliseconds.
    var milliseconds: Int64 { get }
    func sleep(until deadline: BootInstant) async throws
}

extension FleetClock {
    package var milliseconds: Int64 { time * 1000 }

    /// Returns at the next news, or at the deadline where none comes.
    func sleep(until deadline: BootInstant, orUntil news: AsyncStream<Void>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await sleep(until: deadline) }
            group.addTask {
                for await _ in news { return }
                // Nobody tells any more.
                try await sleep(until: deadline)
            }
            try await group.next()
        }
    }
}

package struct SystemFleetClock: FleetClock {
    package init() {}

    package var now: BootInstant { .now }
    package var time: Int64 { WallClock.now }
    package var milliseconds: Int64 { WallClock.milliseconds }

    package func sleep(until deadline: BootInstant) async throws {
        try await Task.sleep(for: max(.zero, BootInstant.now.duration(to: deadline)))
    }
}
