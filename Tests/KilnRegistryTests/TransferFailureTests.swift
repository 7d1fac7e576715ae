import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import KilnRegistry

@Suite struct `Transfers that break` {
    static let repository = Repository(registry: "r.example.org", path: "shop/web")
    static let content = Array("0123456789".utf8)
    static let blob = Descriptor(mediaType: .layerTar, digest: Digest(of: content), size: 10)

    private func client(_ transport: ScriptedTransport) -> RegistryClient {
        RegistryClient(
            transport: transport,
            credentials: RegistryCredentials(files: []),
            clock: HastyClock()
        )
    }

    /// The next `count` bytes of the blob at the end of the request's file.
    private static func send(_ count: Int, _ request: HTTPRequest) throws {
        guard case .file(let file, let offset, _) = request.destination else { return }
        let earlier = Files.exists(file) ? try Files.read(file) : []
        try Files.write(earlier + content[Int(offset)...].prefix(count), to: file)
    }

    @Test func `are gone on with from where the file then ends`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("blob")
            let transport = ScriptedTransport { request, number in
                switch number {
                case 1, 2:
                    try Self.send(3, request)
                    throw TransportFailure(words: "reset", .passing)
                case 3: return HTTPResponse(status: 503)
                default:
                    try Self.send(10, request)
                    return HTTPResponse(status: 206)
                }
            }
            try await client(transport).pull(Self.blob, from: Self.repository, into: file)
            #expect(try Files.read(file) == Self.content)
            let offsets = transport.requests.map(\.destination)
            #expect(offsets == [0, 3, 6, 6].map { .file(file, from: $0, size: 10) })
        }
    }

    @Test func `end when a registry sends nothing, again and again`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("0123", to: "blob")
            let transport = ScriptedTransport { _, number in
                guard number < 50 else { throw TransportFailure(words: "no end", .other) }
                return HTTPResponse(status: 206)
            }
            let client = client(transport)
            let error = await #expect(throws: RegistryError.self) {
                try await client.pull(Self.blob, from: Self.repository, into: file)
            }
            #expect(error?.code == .content)
            #expect(transport.requests.count == 4)
            #expect(try Files.readText(file) == "0123")
        }
    }

    @Test func `start anew where a registry can send no part`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("wrong", to: "blob")
            let transport = ScriptedTransport { request, number in
                if number == 1 {
                    throw TransportFailure(words: "no ranges", .part)
                }
                try Self.send(10, request)
                return HTTPResponse(status: 200)
            }
            try await client(transport).pull(Self.blob, from: Self.repository, into: file)
            #expect(try Files.read(file) == Self.content)
        }
    }

    @Test(arguments: [504, 404])
    func `count as done when the registry kept the blob and lost its answer`(_ status: Int) async throws {
        let closings = Mutex(0)
        let transport = ScriptedTransport { request, _ in
            switch request.method {
            case .head: return HTTPResponse(status: closings.withLock { $0 } > 0 ? 200 : 404)
            case .put:
                closings.withLock { $0 += 1 }
                return HTTPResponse(status: status)
            case .get: return HTTPResponse(status: 404)
            default: return HTTPResponse(status: 202, headers: ["location": "/up/1"])
            }
        }
        let transfer = try await client(transport).push(Self.blob, of: "/blob", to: Self.repository)
        #expect(transfer == .sent)
        #expect(closings.withLock { $0 } == 1)
        #expect(transport.requests.filter { $0.method == .patch }.count == 1)
    }

    @Test(arguments: ["0-9223372036854775807", "0-9", "0-10", "0--5", "x"])
    func `are gone on with as far as an upload can have come, whatever a registry says`(
        _ range: String
    )
        async throws
    {
        let transport = ScriptedTransport { request, _ in
            switch request.method {
            case .head: return HTTPResponse(status: 404)
            case .post: return HTTPResponse(status: 202, headers: ["location": "/up/1"])
            case .patch where request.headers["Content-Range"] == nil && request.url.hasSuffix("/up/1"):
                throw TransportFailure(words: "reset", .passing)
            case .get: return HTTPResponse(status: 204, headers: ["range": range, "location": "/up/2"])
            case .patch: return HTTPResponse(status: 202, headers: ["location": "/up/3"])
            default: return HTTPResponse(status: 201)
            }
        }
        let transfer = try await client(transport).push(Self.blob, of: "/blob", to: Self.repository)
        #expect(transfer == .sent)
    }

    @Test func `of a token service are told as its own, after some more tries`() async throws {
        let transport = ScriptedTransport { request, _ in
            guard request.url.hasPrefix("https://auth.example.org/") else {
                let challenge = #"Bearer realm="https://auth.example.org/t""#
                return HTTPResponse(status: 401, headers: ["www-authenticate": challenge])
            }
            return HTTPResponse(status: 503)
        }
        let client = client(transport)
        let error = await #expect(throws: RegistryError.self) {
            try await client.has(Self.blob.digest, in: Self.repository)
        }
        #expect(error?.code == .busy)
        #expect(error?.diagnostic.message == "auth.example.org gives no tokens for r.example.org now")
        #expect(transport.requests.count == 5)
    }
}

@Suite struct `A registry's login` {
    private static let challenge = ["www-authenticate": "Basic realm=\"r\""]

    /// Pushes a blob to a registry that sends its bytes to `location`.
    private func push(to location: String) async throws -> [HTTPRequest] {
        try await Sandbox.with { sandbox in
            let auth = #"{"auths": {"r.example.org": {"username": "me", "password": "secret"}}}"#
            let file = try sandbox.write(auth, to: "auth.json")
            let transport = ScriptedTransport { request, _ in
                let isRegistry = request.url.hasPrefix("https://r.example.org/")
                if isRegistry, request.headers["Authorization"] == nil {
                    return HTTPResponse(status: 401, headers: Self.challenge)
                }
                switch request.method {
                case .head: return HTTPResponse(status: 404)
                case .post: return HTTPResponse(status: 202, headers: ["location": location])
                case .patch where !isRegistry && request.url.hasSuffix("asks"):
                    return HTTPResponse(status: 401, headers: Self.challenge)
                case .patch: return HTTPResponse(status: 202)
                default: return HTTPResponse(status: 201)
                }
            }
            let client = RegistryClient(
                transport: transport,
                credentials: RegistryCredentials(files: [file]),
                clock: HastyClock()
            )
            let blob = TransferFailures.blob
            _ = try await client.push(blob, of: "/blob", to: TransferFailures.repository)
            return transport.requests
        }
    }

    private typealias TransferFailures = `Transfers that break`

    @Test(arguments: [
        "https://blobs.example.net/up/1", "//blobs.example.net/up/1", "https://r.example.org:8443/up/1",
        "https://r.example.org.example.net/up/1",
    ])
    func `stays with the registry when it sends an upload elsewhere`(_ location: String) async throws {
        let requests = try await push(to: location)
        let patch = try #require(requests.first { $0.method == .patch })
        #expect(!patch.url.hasPrefix("https://r.example.org/"))
        #expect(patch.headers["Authorization"] == nil)
    }

    @Test(arguments: ["/v2/up/1?s=a", "up/1", "HTTPS://R.example.org:443/up/1", "?s=a"])
    func `goes along to the registry itself`(_ location: String) async throws {
        let requests = try await push(to: location)
        let patch = try #require(requests.last { $0.method == .patch })
        #expect(patch.headers["Authorization"]?.hasPrefix("Basic ") == true)
    }

    @Test func `is no answer to what another server asks`() async throws {
        await #expect(throws: RegistryError.self) {
            try await push(to: "https://blobs.example.net/asks")
        }
    }

    @Test(arguments: [("https://blobs.example.net/b", false), ("https://r.example.org/v2/other", true)])
    func `is told to the registry alone, whoever a read was sent on to`(
        _ place: String,
        _ isRegistry: Bool
    ) async throws {
        try await Sandbox.with { sandbox in
            let auth = #"{"auths": {"r.example.org": {"username": "me", "password": "secret"}}}"#
            let file = try sandbox.write(auth, to: "auth.json")
            let bearer = #"Bearer realm="https://tokens.example.net/t",service="s""#
            let transport = ScriptedTransport { request, _ in
                if request.url.hasPrefix("https://tokens.example.net/") {
                    return HTTPResponse(status: 200, body: Array(#"{"token": "t"}"#.utf8))
                }
                guard request.headers["Authorization"] == nil else { return HTTPResponse(status: 200) }
                return HTTPResponse(status: 401, url: place, headers: ["www-authenticate": bearer])
            }
            let client = RegistryClient(
                transport: transport,
                credentials: RegistryCredentials(files: [file]),
                clock: HastyClock()
            )
            let repository = TransferFailures.repository
            guard !isRegistry else {
                #expect(try await client.has(TransferFailures.blob.digest, in: repository))
                return
            }
            let error = await #expect(throws: RegistryError.self) {
                try await client.has(TransferFailures.blob.digest, in: repository)
            }
            #expect(transport.requests.count == 1)
            #expect(error?.diagnostic.causes.joined().contains("blobs.example.net") == true)
        }
    }

    @Test(arguments: ["http://r.example.org/up/1", "http://blobs.example.net/up/1", "ftp://r.example.org/up"])
    func `goes nowhere without TLS, and neither do bytes`(_ location: String) async throws {
        let error = await #expect(throws: RegistryError.self) { try await push(to: location) }
        #expect(error?.code == .refused)
    }

    @Test func `that a missing helper keeps is an error that names the file`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(#"{"credsStore": "of-another-machine"}"#, to: "config.json")
            let credentials = RegistryCredentials(files: [file])
            let error = await #expect(throws: RegistryError.self) {
                try await credentials.credential(for: TransferFailures.repository)
            }
            #expect(error?.code == .credentials)
            #expect(error?.diagnostic.message.contains(file.string) == true)
        }
    }
}

@Suite struct `A registry URL` {
    @Test(arguments: [
        ("/up/1?s=a", "https://r.example.org:5000/up/1?s=a"),
        ("2", "https://r.example.org:5000/v2/a/2"),
        ("?s=a", "https://r.example.org:5000/v2/a/1?s=a"),
        ("//other.example.org/x", "https://other.example.org/x"),
        ("http://other.example.org/x", "http://other.example.org/x"),
        ("up?u=http://x", "https://r.example.org:5000/v2/a/up?u=http://x"),
    ])
    func `resolves what a Location says`(_ location: String, _ url: String) throws {
        let base = try #require(RegistryURL("https://r.example.org:5000/v2/a/1?q=/"))
        #expect(base.resolving(location) == url)
    }

    @Test(arguments: [
        "https://r.example.org@evil.example.net/", #"https://evil.example.net\@r.example.org/"#, "https:///x",
        "https://r.example.org:port/", "https://r.example.org:+80/", "file:///etc/passwd", "r.example.org",
        "https://[]/",
    ])
    func `is nothing that could be read in two ways`(_ text: String) {
        #expect(RegistryURL(text) == nil)
    }

    @Test func `has the same origin however it is written`() {
        #expect(
            RegistryURL("HTTPS://R.example.org/x")?.origin == RegistryURL("https://r.example.org:443")?.origin
        )
        #expect(RegistryURL("http://[::1]:5000/x")?.origin.host == "[::1]")
        #expect(RegistryURL("http://r.example.org")?.origin != RegistryURL("https://r.example.org")?.origin)
    }
}

@Suite struct `A registry without TLS` {
    @Test func `is named by the machine, for every command`() async throws {
        let environment = ["KILN_PLAIN_HTTP_REGISTRIES": "r.example.org:5000, cache.example.org"]
        #expect(
            RegistryClient.plainRegistries(environment) == ["r.example.org:5000", "cache.example.org"]
        )
        try await Sandbox.with { sandbox in
            let client = RegistryClient(home: sandbox.home, environment: environment)
            let repository = Repository(registry: "r.example.org:5000", path: "a")
            #expect(client.url(repository, "") == "http://r.example.org:5000/v2/a/")
            #expect(!client.isPlain(Repository(registry: "r.example.org", path: "a")))
        }
    }
}

@Suite struct `A request by curl` {
    @Test func `reads no settings of the user, and gives a registry time to put away what it got`() {
        func input(_ method: HTTPRequest.Method) -> String {
            let exchange = CurlExchange(
                request: HTTPRequest(method, "https://r.example.org/"),
                folder: "/nowhere"
            )
            #expect(exchange.invocation.arguments.dropFirst() == ["curl", "--disable", "--config", "-"])
            return String(decoding: exchange.invocation.input ?? [], as: UTF8.self)
        }
        #expect(input(.put).contains("speed-time = 300\n"))
        #expect(input(.get).contains("speed-time = 60\n"))
        #expect(input(.get).contains("proto-redir = \"=https\"\n"))
    }

    @Test func `tells who answered`() throws {
        try Self.exchange { exchange in
            let input = String(decoding: exchange.invocation.input ?? [], as: UTF8.self)
            #expect(input.contains("write-out = \"%{http_code} %{url_effective}\"\n"))
            let response = try exchange.response("401 https://blobs.example.net/a b")
            #expect(response.status == 401 && response.url == "https://blobs.example.net/a b")
            #expect(try exchange.response("204").url == nil)
            #expect(throws: TransportFailure.self) { try exchange.response("000 https://r.example.org/") }
        }
    }

    @Test(arguments: [
        ("exit 7", TransportFailure.Kind.passing), ("exit 35", .handshake), ("exit 60", .certificate),
        ("exit 77", .certificate), ("exit 33", .part), ("exit 3", .other), ("exit 153", .tooLong),
        ("kill -XFSZ $$", .tooLong), ("kill -KILL $$", .other),
    ])
    func `fails in ways that are told apart`(_ end: String, _ kind: TransportFailure.Kind) async throws {
        let output = try await ToolRunner().runUnchecked(ToolInvocation("sh", ["-c", end]))
        try Self.exchange { #expect($0.failure(output).kind == kind) }
    }

    /// TLS is worth giving up only where there is none.
    @Test(arguments: [
        (TransportFailure.Kind.passing, false, false), (.handshake, true, false), (.certificate, false, true),
        (.other, false, false),
    ])
    func `says how to mend what is wrong with TLS`(
        _ kind: TransportFailure.Kind,
        _ namesPlain: Bool,
        _ namesTrust: Bool
    ) {
        let client = RegistryClient(
            transport: ScriptedTransport { _, _ in HTTPResponse(status: 200) },
            credentials: RegistryCredentials(files: [])
        )
        let repository = Repository(registry: "r.example.org", path: "a")
        let error = client.unreachable(repository, TransportFailure(words: "no", kind))
        #expect(error.code == .unreachable)
        #expect(error.diagnostic.hint?.contains("KILN_PLAIN_HTTP_REGISTRIES=r.example.org") == namesPlain)
        #expect(error.diagnostic.hint?.contains("update-ca-certificates") == namesTrust)
        let long = client.unreachable(repository, TransportFailure(words: "long", .tooLong))
        #expect(long.code == .content)
    }

    private static func exchange(_ body: (CurlExchange) throws -> Void) throws {
        try body(CurlExchange(request: HTTPRequest(.head, "https://r.example.org/"), folder: "/nowhere"))
    }
}
