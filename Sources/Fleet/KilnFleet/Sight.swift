import KilnSystem

/// When a run last saw what it decides by, and since when it could not.
struct Sight: Sendable {
    private(set) var last: BootInstant
    /// Looks in a row that failed.
    private(set) var failures = 0

    init(began: BootInstant) {
        last = began
    }

    mutating func failed() {
        failures += 1
    }

    /// A look succeeded. Gives the moment from which nothing was seen, where looks failed before it or the machine slept for
    /// longer than a lease lasts: no deadline runs meanwhile.
    mutating func succeeded(at now: BootInstant) -> BootInstant? {
        defer { (last, failures) = (now, 0) }
        return failures > 0 || last.duration(to: now) > Lease.duration ? last : nil
    }
}
