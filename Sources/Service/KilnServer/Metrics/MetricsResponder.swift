import HTTPTypes
import HummingbirdCore
import KilnAPI

/// Answers on the TCP address: metrics and whether anybody is there, to be read and nothing else.
struct MetricsResponder: Sendable {
    let metrics: @Sendable () async throws -> String

    func respond(to request: Request) async throws -> Response {
        let isRead = request.method == .get || request.method == .head
        let hasBody =
            request.headers[.transferEncoding] != nil || (request.headers[.contentLength] ?? "0") != "0"
        guard isRead, !hasBody else { return Self.refusal(.methodNotAllowed) }
        switch request.head.path?.split(separator: "?").first {
        case "/metrics":
            do {
                return APIResponder.text(try await metrics(), type: MetricsText.contentType)
            } catch {
                // What went wrong is told on the control socket, to those who may know.
                return Self.refusal(.internalServerError)
            }
        case "/healthz": return APIResponder.text("ok\n")
        default: return Self.refusal(.notFound)
        }
    }

    private static func refusal(_ status: HTTPResponse.Status) -> Response {
        Response(status: status, headers: [.connection: "close"])
    }
}
