/// Waits for what comes about outside of this process.
enum Waiting {
    /// Asks until the answer is yes; false when the time is up.
    static func until(
        _ limit: Duration,
        every pause: Duration = .milliseconds(5),
        _ condition: () async throws -> Bool
    ) async throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            if try await condition() { return true }
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: pause)
        }
    }
}
