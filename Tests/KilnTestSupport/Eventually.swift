import KilnSystem
package import Testing

/// Waits until the condition holds, looking again every 20 ms, and fails the test after `seconds`.
package func eventually(
    within seconds: Int = 30,
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = BootInstant.now.advanced(by: .seconds(seconds))
    while try await !condition() {
        try #require(
            BootInstant.now < deadline,
            "not within \(seconds) s: \(what)",
            sourceLocation: sourceLocation
        )
        try await ContinuousClock().sleep(for: .milliseconds(20))
    }
}
