import KilnOCI
import Testing

@testable import KilnRegistry

@Suite struct `An image reference` {
    static let hex = String(repeating: "ab", count: 32)

    @Test(arguments: [
        ("registry.example.org/web:1.0", "registry.example.org", "web", "1.0", false),
        ("localhost/a/b_c/d--e:x", "localhost", "a/b_c/d--e", "x", false),
        ("127.0.0.1:5000/shop/web:V_1.2-rc", "127.0.0.1:5000", "shop/web", "V_1.2-rc", false),
        ("r.io:443/a@sha256:\(hex)", "r.io:443", "a", nil, true),
        ("r.io/a__b:t@sha256:\(hex)", "r.io", "a__b", "t", true),
    ])
    func `is read and written alike`(
        _ text: String,
        _ registry: String,
        _ path: String,
        _ tag: String?,
        _ hasDigest: Bool
    ) throws {
        let reference = try ImageReference(parsing: text)
        #expect(reference.repository.registry == registry)
        #expect(reference.repository.path == path)
        #expect(reference.tag == tag)
        #expect((reference.digest != nil) == hasDigest)
        #expect(reference.description == text)
    }

    @Test(
        arguments: [
            ("web", .noRegistry("web")), ("shop/web:1", .noRegistry("shop")),
            ("r.io/web", .neitherTagNorDigest),
            ("r.io/Web:1", .badPath("Web")), ("r.io/a..b:1", .badPath("a..b")), ("r.io/a/:1", .badPath("a/")),
            ("r.io/-a:1", .badPath("-a")), ("r.io/a:", .badTag("")), ("r.io/a:.x", .badTag(".x")),
            ("r.io/a@sha256:12", .badDigest("sha256:12")), ("r.io:0/a:1", .badRegistry("r.io:0")),
            ("r_x.io/a:1", .badRegistry("r_x.io")), ("-r.io/a:1", .badRegistry("-r.io")),
            ("r.io:99999/a:1", .badRegistry("r.io:99999")),
        ] as [(String, ImageReferenceSyntaxError)]
    )
    func `that is none is refused`(_ text: String, _ error: ImageReferenceSyntaxError) {
        #expect(throws: error) { try ImageReference(parsing: text) }
    }

    @Test func `is no repository when it has a tag or a digest`() throws {
        #expect(try Repository(parsing: "r.io:443/a/b").description == "r.io:443/a/b")
        #expect(throws: ImageReferenceSyntaxError.notRepository("r.io/a")) {
            try Repository(parsing: "r.io/a:1@sha256:\(Self.hex)")
        }
        #expect(throws: ImageReferenceSyntaxError.noRegistry("a")) { try Repository(parsing: "a") }
    }

    @Test func `of random characters never traps`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("ab.:/@-_0Z é")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...20, using: &generator)).map { _ in alphabet.randomElement() ?? "a" }
            )
            if let reference = try? ImageReference(parsing: text) { #expect(reference.description == text) }
        }
    }

    @Test(
        arguments: [
            (
                #"Bearer realm="https://a/t",service="s",scope="x:y:pull,push""#,
                Challenge.bearer(realm: "https://a/t", service: "s", scope: "x:y:pull,push")
            ),
            (#"Basic realm="r""#, .basic), (#"Negotiate, Basic realm="r, \"q\"""#, .basic),
            (#"bearer REALM=https://a , service=s"#, .bearer(realm: "https://a", service: "s", scope: nil)),
            ("Digest x=y", nil), ("", nil), ("Bearer service=s", nil), (",,, =\"", nil),
        ] as [(String, Challenge?)]
    )
    func `'s registry may ask for a login`(_ header: String, _ expected: Challenge?) {
        #expect(Challenge(header) == expected)
    }
}
