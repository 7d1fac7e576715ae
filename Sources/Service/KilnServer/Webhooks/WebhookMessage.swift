import Crypto
import FoundationEssentials
package import KilnDefinition
package import KilnFleet
import KilnOCI
package import KilnSystem

/// One event as it is sent to one webhook. The same event gives the same message, however often it is sent.
package struct WebhookMessage: Sendable, Hashable {
    private struct Body: Encodable {
        let sequence: Int64
        /// RFC 3339, UTC.
        let time: String
        let fleet: FleetName
        let event: String
        let message: String
        let instance: InstanceID?
        let release: ReleaseNumber?
        /// Who asked for what happened, and why, where somebody did.
        let author: String?
        let why: String?
    }

    private static let seconds = 10

    let url: String
    package let body: [UInt8]
    /// By which a receiver knows one that it got before.
    package let delivery: String

    package init(_ event: FleetEvent, to hook: WebhookDefinition) throws {
        url = hook.url
        delivery = "\(event.fleet)-\(event.sequence)"
        body = try CanonicalJSON.encode(
            Body(
                sequence: event.sequence,
                time: WallClock.format(event.time),
                fleet: event.fleet,
                event: event.kind.rawValue,
                message: event.message,
                instance: event.instance,
                release: event.release,
                author: event.author,
                why: event.why
            )
        )
    }

    /// HMAC-SHA256 (RFC 2104) of the body in hex, as receivers compute it.
    package func signature(key: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: key))
        let digits = Array("0123456789abcdef")
        return "sha256=" + code.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    }

    /// By curl, whose options go in by standard input: neither the URL nor the signature shows in a list of processes. A
    /// redirect is an answer like any other: whoever is to get events stands in the definition.
    package func invocation(key: [UInt8]?) -> ToolInvocation {
        var options = [
            "silent", "show-error", "globoff", #"user-agent = "kiln""#, #"proto = "=http,https""#,
            "connect-timeout = \(Self.seconds / 2)", "max-time = \(Self.seconds)", #"output = "/dev/null""#,
            #"write-out = "%{http_code}""#, option("url", url), #"request = "POST""#,
            option("header", "Content-Type: application/json"),
            option("header", "X-Kiln-Delivery: \(delivery)"),
            #"header = "Expect:""#, option("data-raw", String(decoding: body, as: UTF8.self)),
        ]
        if let key { options.append(option("header", "X-Kiln-Signature-256: \(signature(key: key))")) }
        return ToolInvocation(
            "curl",
            ["--disable", "--config", "-"],
            input: Array((options.joined(separator: "\n") + "\n").utf8)
        )
    }

    /// A value in the quotes of curl's configuration files (curl(1), --config). JSON has no line ends of its own.
    private func option(_ name: String, _ value: String) -> String {
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\(name) = \"\(escaped)\""
    }
}
