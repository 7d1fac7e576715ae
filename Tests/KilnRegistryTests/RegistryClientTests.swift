import FoundationEssentials
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import Synchronization
import SystemPackage
import Testing

@testable import KilnRegistry

@Suite struct `The registry client` {
    static let reference = ImageReference(
        Repository(registry: "r.example.org", path: "shop/web"),
        tag: "1",
        digest: nil
    )

    private func client(_ transport: ScriptedTransport, auth: String? = nil) async throws -> RegistryClient {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(auth ?? "{}", to: "auth.json")
            // Read at once, since the folder goes with this scope.
            let credentials = RegistryCredentials(files: [file])
            _ = try await credentials.credential(for: Self.reference.repository)
            return RegistryClient(transport: transport, credentials: credentials, clock: HastyClock())
        }
    }

    @Test func `gets a token for the scope that it needs, once`() async throws {
        try await Sandbox.with { sandbox in
            let auth = Data("me:secret".utf8).base64EncodedString()
            let file = try sandbox.write(
                #"{"auths": {"r.example.org": {"auth": "\#(auth)"}}}"#,
                to: "auth.json"
            )
            let transport = ScriptedTransport { request, _ in
                if request.url.hasPrefix("https://auth.example.org") {
                    return HTTPResponse(status: 200, body: Array(#"{"token": "t1"}"#.utf8))
                }
                guard request.headers["Authorization"] == "Bearer t1" else {
                    let challenge = #"Bearer realm="https://auth.example.org/t",service="reg""#
                    return HTTPResponse(status: 401, headers: ["www-authenticate": challenge])
                }
                return HTTPResponse(status: 200, body: Array("{}".utf8))
            }
            let client = RegistryClient(
                transport: transport,
                credentials: RegistryCredentials(files: [file]),
                clock: HastyClock()
            )
            _ = try await client.manifest(Self.reference)
            _ = try await client.manifest(Self.reference)
            #expect(transport.requests.count == 4)
            let ask = transport.requests[1]
            #expect(ask.url == "https://auth.example.org/t?scope=repository%3Ashop%2Fweb%3Apull&service=reg")
            #expect(ask.headers["Authorization"] == "Basic " + auth)
        }
    }

    @Test func `sends no login to a token service without TLS`() async throws {
        let transport = ScriptedTransport { request, _ in
            HTTPResponse(
                status: 401,
                headers: ["www-authenticate": #"Bearer realm="http://evil.example.org/t""#]
            )
        }
        let client = try await client(transport)
        let error = await #expect(throws: RegistryError.self) { try await client.manifest(Self.reference) }
        #expect(error?.code == .credentials)
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func `tries again after a passing failure`(_ status: Int) async throws {
        let transport = ScriptedTransport { _, number in
            switch number {
            case 1: return HTTPResponse(status: status, headers: ["retry-after": "1"])
            case 2: throw TransportFailure(words: "connection reset", .passing)
            default: return HTTPResponse(status: 200, body: Array("{}".utf8))
            }
        }
        let manifest = try await client(transport).manifest(Self.reference)
        #expect(manifest.bytes == Array("{}".utf8))
        #expect(transport.requests.count == 3)
    }

    @Test func `gives up on what does not pass, in the registry's words`() async throws {
        let body = #"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#
        let transport = ScriptedTransport { _, _ in HTTPResponse(status: 404, body: Array(body.utf8)) }
        let client = try await client(transport)
        let error = await #expect(throws: RegistryError.self) { try await client.manifest(Self.reference) }
        #expect(error?.code == .notFound)
        #expect(error?.diagnostic.causes == ["MANIFEST_UNKNOWN: manifest unknown"])
        #expect(transport.requests.count == 1)
    }

    @Test func `takes no other manifest than the one that a digest names`() async throws {
        let transport = ScriptedTransport { _, _ in HTTPResponse(status: 200, body: Array("{}".utf8)) }
        let named = ImageReference(Self.reference.repository, tag: nil, digest: Digest(of: "other"))
        let client = try await client(transport)
        let error = await #expect(throws: RegistryError.self) { try await client.manifest(named) }
        #expect(error?.code == .content)
    }

    @Test func `asks how far an upload came, and sends the rest`() async throws {
        let blob = Descriptor(mediaType: .layerTar, digest: Digest(of: "0123456789"), size: 10)
        let transport = ScriptedTransport { request, _ in
            switch request.method {
            case .head: return HTTPResponse(status: 404)
            case .post: return HTTPResponse(status: 202, headers: ["location": "/up/1"])
            case .patch where request.headers["Content-Range"] == nil:
                throw TransportFailure(words: "broken pipe", .passing)
            case .get: return HTTPResponse(status: 204, headers: ["range": "0-3", "location": "/up/2?s=a"])
            case .patch: return HTTPResponse(status: 202, headers: ["location": "/up/3?s=b"])
            default: return HTTPResponse(status: 201)
            }
        }
        let transfer = try await client(transport).push(blob, of: "/blob", to: Self.reference.repository)
        #expect(transfer == .sent)
        let rest = try #require(transport.requests.last { $0.method == .patch })
        #expect(rest.url == "https://r.example.org/up/2?s=a")
        #expect(rest.headers["Content-Range"] == "4-9")
        #expect(rest.body == .file("/blob", from: 4))
        let close = try #require(transport.requests.last)
        #expect(close.url.hasPrefix("https://r.example.org/up/3?s=b&digest=sha256%3A"))
    }

    @Test
    func `goes on with an upload when the registry has too much to do, and begins anew when it forgot it`()
        async throws
    {
        let blob = Descriptor(mediaType: .layerTar, digest: Digest(of: "0123456789"), size: 10)
        let transport = ScriptedTransport { request, number in
            switch request.method {
            case .head: return HTTPResponse(status: 404)
            case .post where number == 2: throw TransportFailure(words: "reset", .passing)
            case .post: return HTTPResponse(status: 202, headers: ["location": "/up/\(number)"])
            case .patch where request.url.hasSuffix("/up/3"): return HTTPResponse(status: 503)
            case .get where request.url.hasSuffix("/up/3"): return HTTPResponse(status: 404)
            case .patch: return HTTPResponse(status: 202, headers: ["location": "/up/done"])
            default: return HTTPResponse(status: 201)
            }
        }
        let transfer = try await client(transport).push(blob, of: "/blob", to: Self.reference.repository)
        #expect(transfer == .sent)
        let patches = transport.requests.filter { $0.method == .patch }.map(\.url)
        #expect(patches == ["https://r.example.org/up/3", "https://r.example.org/up/8"])
    }

    @Test func `asks for both repositories of a mount, each in a scope of its own`() async throws {
        let transport = ScriptedTransport { request, _ in
            if request.url.hasPrefix("https://auth.example.org") {
                return HTTPResponse(status: 200, body: Array(#"{"token": "t"}"#.utf8))
            }
            guard request.headers["Authorization"] != nil else {
                let scope = "repository:shop/web:pull,push repository:base:pull"
                let challenge = #"Bearer realm="https://auth.example.org/t",scope="\#(scope)""#
                return HTTPResponse(status: 401, headers: ["www-authenticate": challenge])
            }
            return HTTPResponse(status: request.method == .head ? 404 : 201)
        }
        let blob = Descriptor(mediaType: .layerTar, digest: Digest(of: "x"), size: 1)
        let other = try Repository(parsing: "r.example.org/base")
        let transfer = try await client(transport)
            .push(blob, of: "/blob", to: Self.reference.repository, mountFrom: other)
        #expect(transfer == .mounted)
        let asked = transport.requests.filter { $0.url.hasPrefix("https://auth.example.org") }.map(\.url)
        #expect(
            asked.last
                == "https://auth.example.org/t?scope=repository%3Ashop%2Fweb%3Apull%2Cpush&scope=repository%3Abase%3Apull"
        )
    }

    @Test(arguments: [true, false])
    func `lists an artifact under its subject's tag only where the registry does not list it`(
        lists: Bool
    )
        async throws
    {
        let subject = Descriptor(mediaType: .manifest, digest: Digest(of: "image"), size: 5)
        let index = Mutex<[UInt8]?>(nil)
        let transport = ScriptedTransport { request, _ in
            let isTag = request.url.hasSuffix("/manifests/sha256-\(subject.digest.hex)")
            switch request.method {
            case .put where isTag:
                guard case .bytes(let bytes) = request.body else { return HTTPResponse(status: 400) }
                // The first write is lost to somebody else's.
                let isLost = index.withLock { $0 == nil }
                index.withLock { $0 = isLost ? Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8) : bytes }
                return HTTPResponse(status: 201)
            case .put:
                let listed = ["oci-subject": subject.digest.description]
                return HTTPResponse(status: 201, headers: lists ? listed : [:])
            case .get where isTag:
                return index.withLock { $0 }.map { HTTPResponse(status: 200, body: $0) }
                    ?? HTTPResponse(status: 404)
            default: return HTTPResponse(status: 404)
            }
        }
        let artifact = ArtifactManifest(.sources, layers: [], subject: subject)
        let client = try await client(transport)
        let pushed = try await client.push(artifact, to: Self.reference.repository)
        let found = try await client.referrers(
            of: subject.digest,
            in: Self.reference.repository,
            type: .sources
        )
        #expect(found == (lists ? [] : [pushed]))
        #expect(transport.requests.filter { $0.method == .put }.count == (lists ? 1 : 3))
    }

    @Test func `keeps secrets off command lines`() async throws {
        try await Sandbox.with { sandbox in
            let exchange = CurlExchange(
                request: HTTPRequest(
                    .get,
                    "https://r.example.org/",
                    headers: ["Authorization": "Bearer \"x\\"]
                ),
                folder: sandbox.path
            )
            #expect(!exchange.invocation.commandLine.contains("Bearer"))
            let input = String(decoding: exchange.invocation.input ?? [], as: UTF8.self)
            #expect(input.contains(#"header = "Authorization: Bearer \"x\\""#))
        }
    }

    @Test(arguments: [
        ("{", "is no file of registry logins"),
        (#"{"auths": {"r.example.org": {"auth": "%%%"}}}"#, "is not base64"),
    ])
    func `names a file of logins that is broken`(_ text: String, _ words: String) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(text, to: "auth.json")
            let credentials = RegistryCredentials(files: [file])
            let error = await #expect(throws: RegistryError.self) {
                try await credentials.credential(for: Self.reference.repository)
            }
            #expect(error?.diagnostic.message.contains(words) == true)
        }
    }
}
