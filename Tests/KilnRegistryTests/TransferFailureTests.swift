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
                    throw TransportFailure(words: "reset", isPassing: true)
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
                guard number < 50 else { throw TransportFailure(words: "no end", isPassing: false) }
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
                    throw TransportFailure(words: "no ranges", isPassing: false, mayLieInPart: true)
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
}
