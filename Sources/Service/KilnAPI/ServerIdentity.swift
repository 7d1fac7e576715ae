/// Which program answers on a control socket.
package struct ServerIdentity: Sendable, Hashable, Codable {
    /// Grows whenever an older client or server would misread what is sent.
    package static let currentProtocol = 1
    /// The header by which a request says the protocol that it is written in.
    package static let protocolHeader = "Kiln-Protocol"
    /// The header by which a change says until when it may begin, in nanoseconds since boot.
    package static let deadlineHeader = "Kiln-Deadline"

    /// The program's version, such as `0.1.0`.
    package let kiln: String
    package let `protocol`: Int
    package let pid: Int32

    package init(kiln: String, protocol: Int = currentProtocol, pid: Int32) {
        self.kiln = kiln
        self.protocol = `protocol`
        self.pid = pid
    }
}

/// One change that a server was asked for, to be named in later requests.
package struct RequestID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// 32 hex digits that nobody guesses.
    package static func random() -> RequestID {
        let digits = Array("0123456789abcdef")
        return RequestID(String((0..<32).map { _ in digits[Int.random(in: digits.indices)] }))
    }

    package init(from decoder: any Decoder) throws {
        description = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
