package import KilnSystem

/// How soon an instance is asked again whether it is well. Pure.
///
/// Until it is found healthy for the first time it is asked in quick succession, and ever less often while it does not answer, so
/// that it serves as soon as it can. From then on the interval of its definition holds.
package struct ProbePace: Sendable {
    private static let shortest = Duration.milliseconds(100)

    private let interval: Duration
    private var nextPause: Duration
    private var lastFailure: BootInstant?

    package init(interval: Duration) {
        self.interval = interval
        nextPause = min(Self.shortest, interval)
    }

    /// Whether the answer counts. While it comes up, one is only unwell that does not answer for as many intervals as its
    /// definition says, however often it is asked.
    package mutating func counts(_ result: ProbeResult, wasHealthy: Bool, at now: BootInstant) -> Bool {
        if wasHealthy { return true }
        guard case .failed = result else {
            lastFailure = nil
            return true
        }
        if let lastFailure, now < lastFailure.advanced(by: interval) { return false }
        lastFailure = now
        return true
    }

    package mutating func pause(after result: ProbeResult, wasHealthy: Bool) -> Duration {
        if wasHealthy { return interval }
        if result == .passed { return min(Self.shortest, interval) }
        defer { nextPause = min(interval, nextPause * 3 / 2) }
        return nextPause
    }
}
