import Glibc
package import KilnDefinition
import KilnDiagnostics
package import KilnFleet
import KilnOCI
import KilnSystem
package import SystemPackage

/// Speaks to a `kiln serve` over its socket.
///
/// One connection for each request: a change's answer lasts as long as the change, and the rest is rare.
package struct APIClient: Sendable {
    /// Within which a server takes a request and begins to answer.
    package static let patience = Duration.seconds(5)
    private static let longestAnswer = 256 << 20

    let socket: FilePath
    private let limit: Duration

    package init(socket: FilePath, limit: Duration = patience) {
        self.socket = socket
        self.limit = limit
    }

    /// Who answers; nil when nobody listens there.
    package func identity() async throws -> ServerIdentity? {
        do {
            let (status, body) = try await ask("GET", "/v1/version")
            guard status == 200 else { throw APIError.garbled(socket, "HTTP status \(status)") }
            return try CanonicalJSON.decode(ServerIdentity.self, from: body)
        } catch is ControlSocket.Absent {
            return nil
        } catch let error as DecodingError {
            throw APIError.garbled(socket, String(describing: error))
        }
    }

    /// Asks for a good end of a change; that it has ended before is no failure.
    package func stop(_ request: RequestID) async throws {
        _ = try await ask("POST", "/v1/requests/\(request)/stop")
    }

    /// Has a change carried out, reports its progress as if it were made here, and tells how it ended.
    ///
    /// When a stop is requested the server is asked for a good end. When that is only because nobody is there any more, when the
    /// task is cancelled, or this process dies, the change goes on there.
    package func perform(
        _ request: ChangeRequest,
        _ verb: ChangeVerb,
        on fleet: FleetName,
        stop: StopSignal
    ) async throws -> DeployOutcome {
        if stop.manner == .abandoning { throw CancellationError() }
        let (ids, known) = AsyncStream.makeStream(of: RequestID.self)
        return try await withThrowingTaskGroup(of: DeployOutcome?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                await stop.wait()
                if stop.manner == .abandoning { throw CancellationError() }
                for await id in ids where !Task.isCancelled {
                    try? await self.stop(id)
                    break
                }
                return nil
            }
            group.addTask {
                defer { known.finish() }
                return try await follow(request, verb, fleet) { known.yield($0) }
            }
            while let ended = try await group.next() {
                if let outcome = ended { return outcome }
            }
            throw CancellationError()
        }
    }

    private func follow(
        _ request: ChangeRequest,
        _ verb: ChangeVerb,
        _ fleet: FleetName,
        _ began: (RequestID) -> Void
    ) async throws -> DeployOutcome {
        let body = try CanonicalJSON.encode(request)
        // Some time before this gives up, so that what is begun is heard of.
        let deadline = BootInstant.now.advanced(by: limit * 4 / 5)
        let connection = try await connect("POST", "/v1/fleets/\(fleet)/\(verb.rawValue)", body, deadline)
        var parser = AnswerParser(limit: Self.longestAnswer)
        var lines = ByteLines()
        do {
            for try await chunk in connection.stream(within: limit, isWhole: false) {
                for line in try lines.split(
                    try parsing { () throws(AnswerParser.Failure) in try parser.take(chunk) }
                ) where !line.isEmpty {
                    if let outcome = try take(line, began) { return outcome }
                }
                if parser.isComplete { break }
            }
        } catch is ControlSocket.Silent {
            throw APIError.silent(verb, fleet.description, limit)
        }
        try Task.checkCancellation()
        throw APIError.gone(verb, fleet.description)
    }

    /// An outcome, or nil for a line that is not the last one.
    private func take(_ line: [UInt8], _ began: (RequestID) -> Void) throws -> DeployOutcome? {
        let answer: AnswerLine
        do {
            answer = try CanonicalJSON.decode(AnswerLine.self, from: line)
        } catch {
            throw APIError.garbled(socket, String(describing: error))
        }
        switch answer {
        case .request(let id): began(id)
        case .progress(let fact): Progress.report(fact)
        case .outcome(let outcome): return outcome
        case .failure(let diagnostics):
            // A wait that a stop ended, as it would be here.
            if diagnostics.first?.exitStatus == .interrupted { throw CancellationError() }
            throw DiagnosticFailure(diagnostics)
        }
        return nil
    }

    /// One request whose answer comes whole within the limit.
    private func ask(_ method: String, _ path: String) async throws -> (status: Int, body: [UInt8]) {
        let connection = try await opened(method, path, [])
        var parser = AnswerParser(limit: 1 << 20)
        var body: [UInt8] = []
        do {
            for try await chunk in connection.stream(within: limit, isWhole: true) {
                body += try parsing { () throws(AnswerParser.Failure) in try parser.take(chunk) }
                if parser.isComplete { break }
            }
        } catch is ControlSocket.Silent {
            throw APIError.silent(socket, limit)
        }
        try Task.checkCancellation()
        if !parser.isComplete { try parsing { () throws(AnswerParser.Failure) in try parser.end() } }
        return (parser.status ?? 0, body)
    }

    /// A change is asked for only where somebody listened a moment ago.
    private func connect(
        _ method: String,
        _ path: String,
        _ body: [UInt8],
        _ deadline: BootInstant
    ) async throws -> ControlSocket {
        do {
            return try await opened(method, path, body, deadline)
        } catch is ControlSocket.Absent {
            throw APIError(
                .absent,
                "kiln serve ended a moment ago; nothing was changed",
                hint: "run the command again"
            )
        }
    }

    private func opened(
        _ method: String,
        _ path: String,
        _ body: [UInt8],
        _ deadline: BootInstant? = nil
    ) async throws -> ControlSocket {
        let (socket, limit) = (socket, limit)
        let bytes = Self.head(method, path, length: body.count, deadline) + body
        return try await Blocking.wait {
            do {
                return try ControlSocket(socket, sending: bytes, within: limit)
            } catch is ControlSocket.Silent {
                throw APIError.silent(socket, limit)
            }
        }
    }

    private static func head(
        _ method: String,
        _ path: String,
        length: Int,
        _ deadline: BootInstant?
    ) -> [UInt8] {
        let until = deadline.map { ["\(ServerIdentity.deadlineHeader): \($0.nanoseconds)"] } ?? []
        let lines =
            [
                "\(method) \(path) HTTP/1.1", "Host: kiln",
                "\(ServerIdentity.protocolHeader): \(ServerIdentity.currentProtocol)",
                "Content-Type: application/json", "Content-Length: \(length)", "Connection: close",
            ] + until + ["", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private func parsing<Result>(
        _ body: () throws(AnswerParser.Failure) -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch {
            throw APIError.garbled(socket, "its answer is no HTTP/1.1: \(error)")
        }
    }
}
