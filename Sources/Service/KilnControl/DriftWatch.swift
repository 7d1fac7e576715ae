import KilnDrift
import KilnSystem

/// When a fleet is compared with its release again, and what was said of it.
struct DriftWatch: Sendable {
    private static let longestPause = Duration.seconds(600)

    /// An instance that writes all the time is not looked at all the time.
    private static let shortestPause = Duration.milliseconds(400)

    private(set) var due = BootInstant(nanoseconds: 0)
    private var earliest = BootInstant(nanoseconds: 0)
    /// Something changed since the last look began.
    private var isTouched = false
    /// Why the last look came to nothing.
    private var trouble: String?
    private var alert: String?
    /// What people were told last.
    private var told: String?
    /// What belongs to no instance and was repaired last, how often in a row, and when it may be again.
    private var repaired: [DriftFinding] = []
    private var repairs = 0
    private var nextRepair: BootInstant?

    /// Whether this was not the trouble with the look before; nil for none.
    mutating func hasNewTrouble(_ message: String?) -> Bool {
        defer { trouble = message }
        return trouble != message
    }

    mutating func inspected(now: BootInstant, next interval: Duration) {
        earliest = now.advanced(by: Self.shortestPause)
        due = isTouched ? earliest : now.advanced(by: interval)
        isTouched = false
    }

    mutating func touched(now: BootInstant) -> BootInstant {
        due = min(due, max(now, earliest))
        isTouched = true
        return due
    }

    /// A look begins, which sees what was touched so far.
    mutating func begins() { isTouched = false }

    mutating func isOver() {
        (alert, told) = (nil, nil)
        repaired = []
        repairs = 0
        nextRepair = nil
    }

    /// Whether this was not said before; nil takes back what was.
    @discardableResult
    mutating func isNews(_ message: String?) -> Bool {
        if message == nil { told = nil }
        defer { alert = message }
        return alert != message
    }

    /// It could not be written down, and is news once more.
    mutating func lostAlert() {
        alert = nil
    }

    /// Whether people were not told it before.
    mutating func tells(_ message: String) -> Bool {
        defer { told = message }
        return told != message
    }

    /// The same again, right after it was repaired, waits twice as long each time.
    mutating func mayRepair(_ findings: [DriftFinding], now: BootInstant) -> Bool {
        guard !findings.isEmpty else { return false }
        if findings != repaired {
            repaired = findings
            repairs = 0
            nextRepair = nil
        }
        if let nextRepair, now < nextRepair { return false }
        repairs += 1
        nextRepair = now.advanced(by: min(Self.longestPause, .seconds(10 << min(repairs, 6))))
        return true
    }
}
