package import SystemPackage

/// Files that a TLS connection uses besides the machine's own authorities.
package struct HTTPCertificates: Sendable, Hashable {
    package var authority: FilePath?
    package var certificate: FilePath?
    package var privateKey: FilePath?

    package init(
        authority: FilePath? = nil,
        certificate: FilePath? = nil,
        privateKey: FilePath? = nil
    ) {
        self.authority = authority
        self.certificate = certificate
        self.privateKey = privateKey
    }
}

/// One request, as a value.
package struct HTTPRequest: Sendable, Hashable {
    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package enum Body: Sendable, Hashable {
        case none
        case bytes([UInt8])
        /// A file from this offset on, streamed.
        case file(FilePath, from: Int64)
    }

    package enum Destination: Sendable, Hashable {
        /// Into memory, at most so many bytes.
        case memory(limit: Int64)
        /// Onto the end of a file that has `from` bytes of it; `size` is what it may grow to.
        case file(FilePath, from: Int64, size: Int64)

        /// After a broken transfer the file ends elsewhere, so that the same request would spoil it.
        var isFile: Bool {
            switch self {
            case .memory: false
            case .file: true
            }
        }
    }

    package var method: Method
    package var url: String
    package var headers: [String: String]
    package var body: Body
    package var destination: Destination
    package var certificates = HTTPCertificates()
    /// May be sent again when no answer came: it changes nothing, or the same twice.
    package var isRepeatable: Bool

    package init(
        _ method: Method,
        _ url: String,
        headers: [String: String] = [:],
        body: Body = .none,
        destination: Destination = .memory(limit: 1 << 20)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.destination = destination
        isRepeatable = method != .post && method != .patch && !destination.isFile
    }
}

package struct HTTPResponse: Sendable, Hashable {
    package let status: Int
    /// Who answered, where reads were sent on to somebody else; nil for the one that was asked.
    package let url: String?
    /// By name in lower case; the last one of a name.
    package let headers: [String: String]
    /// What came into memory.
    package let body: [UInt8]

    package init(
        status: Int,
        url: String? = nil,
        headers: [String: String] = [:],
        body: [UInt8] = []
    ) {
        self.status = status
        self.url = url
        self.headers = headers
        self.body = body
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// No answer came.
package struct TransportFailure: Error, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The same request may well succeed a moment later.
        case passing
        /// No TLS came about with the server, which may speak none. Passing too.
        case handshake
        /// The server's certificate is not trusted here.
        case certificate
        /// More came than may come, which may lie in the part of a file that was to be gone on with.
        case tooLong
        /// A part of a file cannot be gone on with.
        case part
        case other
    }

    /// In the transport's words.
    package let words: String
    package let kind: Kind

    package init(words: String, _ kind: Kind) {
        self.words = words
        self.kind = kind
    }

    package var isPassing: Bool { kind == .passing || kind == .handshake }
    package var mayLieInPart: Bool { kind == .part || kind == .tooLong }
}

/// Carries requests to registries. Follows redirects of reads, without taking credentials to another host.
package protocol HTTPTransport: Sendable {
    /// Throws `TransportFailure` when there was no whole answer.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
