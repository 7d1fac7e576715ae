/// Sends a request again after a passing failure, four times in all.
struct Repetition: Sendable {
    let clock: any Clock<Duration>

    /// Throws what the last attempt threw; what does not pass, and what may not be sent twice, at once.
    func send(
        _ isRepeatable: Bool,
        _ once: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        for pause in [Duration.milliseconds(300), .seconds(1), .seconds(3)] {
            do {
                let response = try await once()
                guard response.isPassingFailure, isRepeatable else { return response }
                try await clock.sleep(for: response.askedPause ?? pause)
            } catch let failure as TransportFailure where failure.isPassing && isRepeatable {
                try await clock.sleep(for: pause)
            }
        }
        return try await once()
    }
}

extension HTTPResponse {
    /// The same may well succeed a moment later.
    var isPassingFailure: Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    /// What `Retry-After` asks for, within reason.
    var askedPause: Duration? {
        headers["retry-after"].flatMap(Int.init).map { .seconds(min(max($0, 0), 30)) }
    }
}
