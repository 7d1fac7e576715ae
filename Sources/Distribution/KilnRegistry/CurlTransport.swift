package import KilnSystem
package import SystemPackage

/// HTTP by curl(1): it knows proxies, certificate stores and what else a machine's network asks for.
///
/// Its options go in by standard input, so that no credential shows in a list of processes or in an error. What comes
/// back goes through a file whose size is limited (prlimit(1)), whatever a registry sends.
package struct CurlTransport: HTTPTransport {
    private let runner: ToolRunner
    /// For the folders of requests under way.
    private let scratch: FilePath

    package init(scratch: FilePath, runner: ToolRunner = ToolRunner()) {
        self.scratch = scratch
        self.runner = runner
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try Files.createDirectory(scratch)
        return try await TemporaryDirectory.with(in: scratch, prefix: "http-") { folder in
            let exchange = CurlExchange(request: request, folder: folder)
            if case .bytes(let bytes) = request.body {
                try Files.write(bytes, to: exchange.sent, synced: false)
            }
            let output = try await runner.runUnchecked(exchange.invocation)
            // 22 is a refusal whose text was kept out of the file that it would have gone to.
            guard output.status == .exited(0) || output.status == .exited(22) else {
                throw exchange.failure(output)
            }
            return try exchange.response(output.text)
        }
    }
}

/// The files and options of one run of curl.
struct CurlExchange: Sendable {
    let request: HTTPRequest
    let folder: FilePath

    var sent: FilePath { folder.appending("sent") }
    private var headers: FilePath { folder.appending("headers") }
    private var received: FilePath { folder.appending("received") }

    var invocation: ToolInvocation {
        ToolInvocation(
            "prlimit",
            ["--fsize=\(limit)", "curl", "--disable", "--config", "-"],
            input: Array((options.joined(separator: "\n") + "\n").utf8)
        )
    }

    /// Of any file that curl writes; headers need some room too.
    private var limit: Int64 {
        switch request.destination {
        case .memory(let limit): max(limit, 1 << 16)
        case .file(_, _, let size): max(size, 1 << 16)
        }
    }

    private var options: [String] {
        var options = [
            "silent", "show-error", "globoff", #"user-agent = "kiln""#,
            #"proto = "=http,https""#, "connect-timeout = 20", "speed-limit = 1",
            "speed-time = \(stallLimit)",
            #"write-out = "%{http_code} %{url_effective}""#, option("dump-header", headers.string),
            option("url", request.url),
        ]
        options += request.headers.sorted { $0.key < $1.key }.map {
            option("header", "\($0.key): \($0.value)")
        }
        switch request.method {
        case .head: options += ["head"] + redirects
        case .get: options += redirects
        case .put, .post, .patch, .delete: options.append(option("request", request.method.rawValue))
        }
        return options + certificates + body + destination
    }

    private var certificates: [String] {
        let files = request.certificates
        return [
            ("cacert", files.authority), ("cert", files.certificate), ("key", files.privateKey),
        ].compactMap { name, file in file.map { option(name, $0.string) } }
    }

    /// What began with TLS goes on with TLS.
    private var redirects: [String] {
        let isSecure = RegistryURL(request.url)?.origin.isSecure ?? true
        return ["location", "max-redirs = 5", #"proto-redir = "\#(isSecure ? "=https" : "=http,https")""#]
    }

    /// Seconds without a byte after which a transfer is given up. A registry says nothing while it puts away what it got.
    private var stallLimit: Int {
        switch request.method {
        case .head, .get: 60
        case .put, .post, .patch, .delete: 300
        }
    }

    private var body: [String] {
        switch request.body {
        case .none:
            // Without a body curl would leave the length out, which some registries refuse.
            [.post, .put, .patch].contains(request.method) ? [#"header = "Content-Length: 0""#] : []
        case .bytes: [option("upload-file", sent.string), #"header = "Expect:""#]
        case .file(let path, let offset):
            [option("upload-file", path.string), #"header = "Expect:""#]
                + (offset > 0 ? ["continue-at = \(offset)"] : [])
        }
    }

    private var destination: [String] {
        switch request.destination {
        case .memory: [option("output", received.string)]
        case .file(let path, let offset, _):
            ["fail", option("output", path.string)] + (offset > 0 ? ["continue-at = \(offset)"] : [])
        }
    }

    /// A value in the quotes of curl's configuration files (curl(1), --config).
    private func option(_ name: String, _ value: String) -> String {
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "").replacing("\r", with: "")
        return "\(name) = \"\(escaped)\""
    }

    /// `written` is what curl writes out: the status, and the URL that it comes from.
    func response(_ written: String) throws -> HTTPResponse {
        let words = written.split(separator: " ", maxSplits: 1)
        guard let status = words.first.flatMap({ Int($0) }), status > 0 else {
            throw TransportFailure(words: "an answer without a status", .other)
        }
        var body: [UInt8] = []
        if case .memory(let limit) = request.destination, Files.exists(received) {
            body = try Files.read(received, limit: Int(max(limit, 1 << 16)))
        }
        return HTTPResponse(
            status: status,
            url: words.count > 1 ? String(words[1]) : nil,
            headers: Self.headers(in: try text(headers)),
            body: body
        )
    }

    private func text(_ path: FilePath) throws -> String {
        Files.exists(path) ? String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self) : ""
    }

    /// Of the last answer: redirects and `100 Continue` come before it.
    static func headers(in text: String) -> [String: String] {
        var headers: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("HTTP/") {
                headers = [:]
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                headers[line[..<colon].lowercased()] = String(value)
            }
        }
        return headers
    }

    /// curl's exit codes are those of curl(1), "EXIT CODES"; 25 is SIGXFSZ, and 153 what prlimit makes of it.
    func failure(_ output: ToolOutput) -> TransportFailure {
        let words = output.errorText.split(separator: "\n").last.map(String.init) ?? "curl: \(output.status)"
        switch output.status {
        case .signalled(25), .exited(153):
            return TransportFailure(words: "the answer is longer than it may be", .tooLong)
        case .exited(let code): return TransportFailure(words: words, Self.kind(ofExit: code))
        case .signalled: return TransportFailure(words: words, .other)
        }
    }

    private static func kind(ofExit code: Int32) -> TransportFailure.Kind {
        switch code {
        case 5, 6, 7, 16, 18, 28, 52, 55, 56, 92: .passing
        case 35: .handshake
        case 51, 60, 77: .certificate
        case 33, 36: .part
        default: .other
        }
    }
}
