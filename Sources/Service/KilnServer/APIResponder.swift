import HTTPTypes
import HummingbirdCore
import KilnAPI
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnSystem
import NIOCore

/// Answers the requests of the control socket.
struct APIResponder: Sendable {
    /// Most bytes of a request's body: some tens of configuration files.
    static let longestBody = 64 << 20

    let identity: ServerIdentity
    let requests: RequestTable
    let reader: FleetReader
    let catalog: Catalog
    let metrics: @Sendable () async throws -> String

    /// Never throws but for a connection that is broken.
    func respond(to request: Request) async throws -> Response {
        do {
            try checkProtocol(request)
            let route = try Route(method: request.method.rawValue, target: request.head.path ?? "/")
            return try await answer(route, request)
        } catch {
            return Self.failure(error)
        }
    }

    /// One that says nothing is not a command's, and is read by what it holds.
    private func checkProtocol(_ request: Request) throws(APIError) {
        let name = ServerIdentity.protocolHeader.lowercased()
        guard let spoken = request.headers.first(where: { $0.name.canonicalName == name })?.value,
            spoken != String(identity.protocol)
        else { return }
        throw APIError.otherProtocol(
            theirs: "\(identity.kiln) (protocol \(identity.protocol))",
            ours: "of protocol \(spoken)"
        )
    }

    private func answer(_ route: Route, _ request: Request) async throws -> Response {
        switch route {
        case .version: try Self.json(identity)
        case .health: Self.text("ok\n")
        case .metrics: Self.text(try await metrics(), type: MetricsText.contentType)
        case .fleets: try Self.json(["fleets": await reader.statuses()])
        case .fleet(let name): try Self.json(await reader.status(of: name))
        case .events(let after, let fleet, let limit):
            try Self.json(["events": await catalog.events(following: after, of: fleet, limit: limit)])
        case .change(let fleet, let verb):
            try Self.stream(try await start(verb, on: fleet, request))
        case .stop(let id): try stop(id)
        }
    }

    private func start(
        _ verb: ChangeVerb,
        on fleet: FleetName,
        _ request: Request
    ) async throws -> (id: RequestID, lines: AsyncStream<AnswerLine>) {
        let bytes = try await Self.body(of: request)
        let body = try StrictJSON.decode(ChangeRequest.self, from: bytes.isEmpty ? Array("{}".utf8) : bytes)
        let (change, options) = (try body.change(verb), try body.driverOptions())
        if let deadline = Self.deadline(of: request), deadline < .now { throw APIError.late }
        return try requests.start(change, on: fleet, isExamined: body.isExamined, options: options)
    }

    /// When the asker gives up, on the clock of this boot.
    private static func deadline(of request: Request) -> BootInstant? {
        let name = ServerIdentity.deadlineHeader.lowercased()
        let text = request.headers.first { $0.name.canonicalName == name }?.value
        return text.flatMap { Int64($0) }.map { BootInstant(nanoseconds: $0) }
    }

    private func stop(_ id: RequestID) throws -> Response {
        try requests.stop(id)
        return try Self.json(["request": id])
    }

    private static func body(of request: Request) async throws -> [UInt8] {
        let promised = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard promised <= longestBody else { throw APIError.tooLarge(limit: longestBody) }
        var bytes: [UInt8] = []
        for try await part in request.body {
            part.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            guard bytes.count <= longestBody else { throw APIError.tooLarge(limit: longestBody) }
        }
        return bytes
    }

    /// Each line is sent as it comes. A client that has gone ends the sending, and nothing else.
    private static func stream(
        _ change: (id: RequestID, lines: AsyncStream<AnswerLine>)
    ) throws -> Response {
        let first = ByteBuffer(bytes: try AnswerLine.request(change.id).bytes)
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(first)
                for await line in change.lines {
                    try await writer.write(ByteBuffer(bytes: try line.bytes))
                }
                try await writer.finish(nil)
            }
        )
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    private static func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try CanonicalJSON.encode(value)))
        )
    }

    /// The rest of a refused body is not waited for.
    static func failure(_ error: any Error) -> Response {
        let diagnostics = error.asDiagnostics
        let bytes = (try? AnswerLine.failure(diagnostics).bytes) ?? []
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        if (error as? APIError)?.code == .tooLarge { headers[.connection] = "close" }
        return Response(
            status: HTTPResponse.Status(code: status(of: error)),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private static func status(of error: any Error) -> Int {
        if let error = error as? APIError { return error.httpStatus }
        if let error = error as? FleetError, error.code == .unknownFleet { return 404 }
        return 500
    }
}
