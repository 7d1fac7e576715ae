import FoundationEssentials
import KilnSecrets
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Private keys` {
    private static func has(_ tool: String) -> Bool {
        ["/usr/bin", "/bin", "/usr/local/bin"].contains { Files.exists(FilePath("\($0)/\(tool)")) }
    }

    /// Makes a key by its own tool.
    private func made(_ tool: String, _ arguments: [String], _ file: String) async throws -> String {
        try await Sandbox.with { sandbox in
            try await ToolRunner().run(
                ToolInvocation(tool, arguments, workingDirectory: sandbox.path)
            )
            return try Files.readText(sandbox.path.appending(file))
        }
    }

    @Test(
        .enabled(if: has("openssl"), "needs openssl"),
        arguments: [
            ["genpkey", "-algorithm", "ed25519", "-out", "k"],
            ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "k"],
            ["genrsa", "-traditional", "-out", "k", "2048"],
            ["genrsa", "-aes128", "-passout", "pass:abcd", "-out", "k", "2048"],
            ["genrsa", "-traditional", "-aes128", "-passout", "pass:abcd", "-out", "k", "2048"],
            ["ecparam", "-name", "prime256v1", "-genkey", "-out", "k"],
        ]
    )
    func `of openssl's are found, plain and locked, also written out in JSON`(
        _ arguments: [String]
    ) async throws {
        let key = try await made("openssl", arguments, "k")
        #expect(Tokens.found(key, at: "etc/ssl/private/site.key").map(\.kind) == [.privateKey])
        let text = #"{"key": ""# + key.replacing("\n", with: "\\n") + #""}"#
        #expect(Tokens.found(text, at: "etc/app.json").map(\.kind) == [.privateKey])
    }

    @Test(.enabled(if: has("openssl"), "needs openssl"))
    func `that are public, or certificates, are none`() async throws {
        let arguments = [
            "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout", "k", "-out", "c",
        ]
        #expect(Tokens.found(try await made("openssl", arguments, "c"), at: "etc/ssl/c.pem").isEmpty)
    }

    @Test(.enabled(if: has("ssh-keygen"), "needs ssh-keygen"), arguments: ["", "a passphrase"])
    func `of OpenSSH's are found, and its public ones are not`(_ phrase: String) async throws {
        let arguments = ["-q", "-t", "ed25519", "-N", phrase, "-f", "k"]
        let key = try await made("ssh-keygen", arguments, "k")
        #expect(Tokens.found(key, at: "etc/ssh/ssh_host_ed25519_key").map(\.kind) == [.privateKey])
        #expect(Tokens.found(try await made("ssh-keygen", arguments, "k.pub"), at: "root/.ssh/a.pub").isEmpty)
    }

    @Test(arguments: [
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nyour key goes here\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w\n-----END PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nMEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaYWJjZGVmZ2hpamtsbW5v\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----",
        "if text.startswith('-----BEGIN RSA PRIVATE KEY-----'):",
    ])
    func `are what decodes to one, not every text that speaks of one`(_ text: String) {
        #expect(Tokens.found(text, at: "opt/app/notes").isEmpty)
    }

    private static let key =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"

    @Test(arguments: [
        ("usr/share/doc/openssl/examples/key.pem", false),
        ("usr/lib/python3/dist-packages/x/tests/key.pem", false),
        ("etc/ssl/private/ssl-cert-snakeoil.key", false), ("etc/ssl/private/site.key", true),
        ("usr/local/lib/app/tests/key.pem", true), ("opt/app/tests/key.pem", true),
        ("usr/lib/app/key.pem", true),
    ])
    func `that distributions ship as examples are left out, and others are not`(
        _ path: String,
        _ isFound: Bool
    ) {
        #expect(Tokens.found(Self.key, at: path).isEmpty != isFound)
    }
}
