/// A moment on a clock that only moves forward (the boot clock, for a driver).
package struct Instant: InstantProtocol, Hashable, Sendable, Codable {
    package let nanoseconds: Int64

    package static let zero = Instant(nanoseconds: 0)

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package func advanced(by duration: Duration) -> Instant {
        let parts = duration.components
        return Instant(
            nanoseconds: nanoseconds + parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
        )
    }

    package func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
