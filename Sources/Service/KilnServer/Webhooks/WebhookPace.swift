package import KilnSystem

/// When one webhook is tried again. Pure.
package struct WebhookPace: Sendable, Hashable {
    /// What is older is given up when it fails once more: later events wait behind it.
    package static let patience: Int64 = 3600
    private static let longestPause = 60

    /// Attempts in a row that failed.
    package private(set) var failures = 0
    private var due = BootInstant(nanoseconds: 0)

    package init() {}

    /// When one that failed is tried again.
    package var nextTry: BootInstant? { failures > 0 ? due : nil }

    package func isDue(_ now: BootInstant) -> Bool { now >= due }

    package mutating func delivered() {
        failures = 0
        due = BootInstant(nanoseconds: 0)
    }

    /// Whether the event, which happened so many seconds ago, is given up.
    package mutating func failed(age: Int64, now: BootInstant) -> Bool {
        failures += 1
        due = now.advanced(by: .seconds(min(Self.longestPause, 1 << min(failures - 1, 6))))
        return age > Self.patience
    }
}
