import FoundationEssentials
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnRegistry
import KilnSystem
import KilnTestSupport
import Synchronization
import SystemPackage
import Testing

@Suite struct `What etcd answers` {
    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func answer(_ text: String) throws -> EtcdAnswer { try EtcdAnswer(Array(text.utf8)) }

    @Test func `is read with its revision`() throws {
        let text = """
            {"header":{"cluster_id":"1","revision":"12"},"kvs":[{"key":"\(base64("/shop/a"))","mod_revision":"3",
            "value":"\(base64("1"))"},{"key":"\(base64("/shop/b"))"}],"count":"2"}
            """
        let answer = try answer(text)
        #expect(answer.revision == 12)
        #expect(answer.values == ["/shop/a": Array("1".utf8), "/shop/b": []])
        #expect(try self.answer(#"{"header":{"revision":"1"}}"#).values.isEmpty)
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"header":{}}"#, #"{"header":{"revision":"-1"}}"#,
        #"{"header":{"revision":"x"}}"#, #"{"header":{"revision":"1"},"kvs":[{"key":"*"}]}"#,
        #"{"header":{"revision":"1"},"kvs":[{"key":"/w==","value":""}]}"#,
        #"{"header":{"revision":"1"},"kvs":[{"value":""}]}"#,
        #"{"header":{"revision":"1"},"kvs":[{"key":"YQ=="},{"key":"YQ=="}]}"#,
        #"{"header":{"revision":"1"},"more":true}"#, "<html>", #"{"error":"denied","code":7}"#,
    ])
    func `is refused when it is none of etcd's, or too much`(text: String) {
        #expect(throws: EtcdAnswer.Problem.self) { try answer(text) }
    }

    @Test func `is refused when it is too long`() {
        let keys = (0...EtcdAnswer.keyLimit).map { #"{"key":"\#(base64("\($0)"))"}"# }
        let many = #"{"header":{"revision":"1"},"kvs":[\#(keys.joined(separator: ","))]}"#
        #expect(throws: EtcdAnswer.Problem.self) { try answer(many) }
        let long = base64(String(repeating: "x", count: (1 << 20) + 1))
        let big = #"{"header":{"revision":"1"},"kvs":[{"key":"YQ==","value":"\#(long)"}]}"#
        #expect(throws: EtcdAnswer.Problem.self) { try answer(big) }
    }

    /// Bytes changed, cut and doubled anywhere: an answer or an error, never a crash.
    @Test func `never brings anybody down`() throws {
        let whole = Array(
            #"{"header":{"revision":"12"},"kvs":[{"key":"\#(base64("/shop/a"))","value":"\#(base64("1"))"}],"more":false}"#
                .utf8
        )
        var state: UInt64 = 4711
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<5000 {
            var bytes = whole
            for _ in 0...next(4) {
                switch next(4) {
                case 0: bytes[next(bytes.count)] = UInt8(next(256))
                case 1: bytes.removeSubrange(next(bytes.count)...)
                case 2: bytes.insert(contentsOf: whole[next(whole.count)...], at: next(bytes.count + 1))
                default: bytes.insert(UInt8(ascii: "["), at: next(bytes.count + 1))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            do {
                let answer = try EtcdAnswer(bytes)
                #expect(answer.revision >= 0)
            } catch {
                #expect(!error.words.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("/shop/", "/shop0"), ("a", "b"), ("a\u{7f}", "a\u{80}"),
    ])
    func `is asked for by the next text of the prefix's length`(prefix: String, end: String) {
        let range = EtcdClient.range(.prefix(prefix))
        #expect(range["key"] == base64(prefix))
        guard prefix != "a\u{7f}" else {
            #expect(range["range_end"] == Data([0x61, 0x80]).base64EncodedString())
            return
        }
        #expect(range["range_end"] == base64(end))
    }
}

@Suite struct `Keys of a store` {
    private struct Twice: ConfigStore {
        func snapshot(of path: String) async throws -> ConfigSnapshot {
            ConfigSnapshot(values: ["log-level": [0x61], "log_level": [0x62]], version: 1)
        }
    }

    @Test func `that become one variable are refused, since one would win unseen`() async throws {
        try await Sandbox.with { sandbox in
            let resolver = ConfigResolver(store: Twice(), home: KilnHome(root: sandbox.path))
            let source = ConfigSource(store: .own(path: "shop"), use: .variables(prefix: ""))
            let error = await #expect(throws: FleetError.self) {
                try await resolver.resolve(ConfigDefinition(sources: [source]), directory: sandbox.path)
            }
            #expect(error?.causes == ["log-level becomes the variable LOG_LEVEL too"])
        }
    }
}

@Suite(.serialized, .enabled(if: TestEtcd.isInstalled, "needs etcd-server and etcd-client"))
struct `A real etcd` {
    private func source(
        _ endpoint: EtcdEndpoint,
        _ use: ConfigSource.Use,
        target: String = ""
    ) -> ConfigSource {
        ConfigSource(store: .etcd(endpoint), use: use, target: target, owner: "root", mode: nil)
    }

    private func resolve(_ sandbox: Sandbox, _ sources: ConfigSource...) async throws -> ResolvedConfig {
        let home = KilnHome(root: sandbox.path.appending("home"))
        return try await ConfigResolver(store: NoStore(), home: home)
            .resolve(ConfigDefinition(sources: sources), directory: sandbox.path)
    }

    private struct NoStore: ConfigStore {
        func snapshot(of path: String) async throws -> ConfigSnapshot {
            ConfigSnapshot(values: [:], version: 0)
        }
    }

    @Test func `gives variables below a prefix and a file for a key, at a revision that grows`() async throws
    {
        try await Sandbox.with { sandbox in
            try await TestEtcd.with(sandbox, port: 23811) { etcd in
                try await etcd.control("put", "/shop/log-level", "debug")
                try await etcd.control("put", "/shop/feature.x", "on")
                try await etcd.control("put", "/shopping/other", "no")
                try await etcd.control("put", "/files/app.conf", "answer=42\n")
                let endpoint = EtcdEndpoint(url: etcd.url)
                let variables = source(endpoint, .variables(prefix: "/shop/"))
                let file = source(endpoint, .file(key: "/files/app.conf"), target: "/etc/app.conf")
                let resolved = try await resolve(sandbox, variables, file)
                #expect(resolved.env == ["LOG_LEVEL": "debug", "FEATURE_X": "on"])
                #expect(resolved.files.map(\.content) == [Array("answer=42\n".utf8)])
                #expect(resolved.files.first?.definition.target == "/etc/app.conf")
                let before = try #require(resolved.origins.first?.version)
                try await etcd.control("put", "/shop/log-level", "info")
                try await etcd.control("del", "/shop/feature.x")
                let later = try await resolve(sandbox, variables)
                #expect(later.env == ["LOG_LEVEL": "info"])
                #expect(later.origins.first.map { $0.version > before } == true)
                let missing = source(endpoint, .file(key: "/files/none"), target: "/etc/x")
                let error = await #expect(throws: FleetError.self) { try await resolve(sandbox, missing) }
                #expect(error?.message == "etcd \(etcd.url) /files/none has no key /files/none")
                let nothing = source(endpoint, .variables(prefix: "/shpo/"))
                let empty = await #expect(throws: FleetError.self) { try await resolve(sandbox, nothing) }
                #expect(empty?.message == "etcd \(etcd.url) /shpo/ has no keys")
                try await etcd.control("put", "/odd/1st", "x")
                let odd = source(endpoint, .variables(prefix: "/odd/"))
                await #expect(throws: FleetError.self) { try await resolve(sandbox, odd) }
            }
        }
    }

    @Test func `is asked as a user where it wants to know who asks`() async throws {
        try await Sandbox.with { sandbox in
            try await TestEtcd.with(sandbox, port: 23821) { etcd in
                try await etcd.control("put", "/shop/a", "1")
                try await etcd.control("user", "add", "root:root-password")
                try await etcd.control("user", "grant-role", "root", "root")
                try await etcd.control("role", "add", "reader")
                try await etcd.control(
                    "role",
                    "grant-permission",
                    "reader",
                    "--prefix=true",
                    "read",
                    "/shop/"
                )
                try await etcd.control("user", "add", "kiln:kiln-password")
                try await etcd.control("user", "grant-role", "kiln", "reader")
                try await etcd.control("auth", "enable")
                var endpoint = EtcdEndpoint(url: etcd.url)
                let anonymous = endpoint
                endpoint.user = "kiln"
                endpoint.passwordFile = try sandbox.write("kiln-password\n", to: "password")
                let resolved = try await resolve(sandbox, source(endpoint, .variables(prefix: "/shop/")))
                #expect(resolved.env == ["A": "1"])
                try sandbox.write("wrong-password\n", to: "password")
                for refused in [
                    source(anonymous, .variables(prefix: "/shop/")),
                    source(endpoint, .variables(prefix: "/shop/")),
                ] {
                    let error = await #expect(throws: FleetError.self) {
                        try await resolve(sandbox, refused)
                    }
                    #expect(error?.causes.first?.hasPrefix("it says: ") == true)
                    #expect(error.map { "\($0)" }?.contains("wrong-password") == false)
                }
            }
        }
    }

    @Test func `is asked over TLS with a certificate`() async throws {
        try await Sandbox.with { sandbox in
            try await TestEtcd.with(sandbox, port: 23831, tls: true) { etcd in
                try await etcd.control("put", "/shop/a", "1")
                var endpoint = EtcdEndpoint(url: etcd.url)
                let bare = source(endpoint, .variables(prefix: "/shop/"))
                await #expect(throws: FleetError.self) { try await resolve(sandbox, bare) }
                endpoint.authority = etcd.authority
                let unnamed = source(endpoint, .variables(prefix: "/shop/"))
                await #expect(throws: FleetError.self) { try await resolve(sandbox, unnamed) }
                endpoint.certificate = etcd.certificate
                endpoint.privateKey = etcd.privateKey
                let known = source(endpoint, .variables(prefix: "/shop/"))
                #expect(try await resolve(sandbox, known).env == ["A": "1"])
            }
        }
    }

    @Test func `that is down makes no release`() async throws {
        try await Sandbox.with { sandbox in
            let down = source(EtcdEndpoint(url: "http://127.0.0.1:1"), .variables(prefix: "/"))
            let error = await #expect(throws: FleetError.self) { try await resolve(sandbox, down) }
            #expect(error?.code == .config && error?.hint?.contains("no release is made") == true)
        }
    }
}
