import KilnSystem
package import Testing

/// Waits until the condition holds, looking again every 20 ms, and fails the test after `seconds`. Between two looks hundreds of
/// tests may have had their turn, so the time counts only once it was looked five times.
package func eventually(
    within seconds: Int = 30,
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = BootInstant.now.advanced(by: .seconds(seconds))
    var looks = 1
    while try await !condition() {
        try #require(
            BootInstant.now < deadline || looks < 5,
            "not within \(seconds) s: \(what)",
            sourceLocation: sourceLocation
        )
        looks += 1
        try await ContinuousClock().sleep(for: .milliseconds(20))
    }
}
