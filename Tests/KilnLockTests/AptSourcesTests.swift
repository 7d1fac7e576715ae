import KilnDefinition
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLock

@Suite struct `The machine's apt sources` {
    @Test(
        arguments: [
            ("deb http://h/debian bookworm main", ["http://h/debian bookworm main"]),
            ("deb http://h/debian/ bookworm main contrib # note", ["http://h/debian bookworm main contrib"]),
            ("# deb http://h/debian bookworm main", []),
            ("deb-src http://h/debian bookworm main", []),
            (
                "deb\t[ arch=amd64,arm64  signed-by=/k.gpg ]\thttps://h/d\tsid\tmain",
                ["https://h/d sid main arch=amd64,arm64 key=/k.gpg"]
            ),
            ("deb [trusted=yes] file:/srv stable main", ["file:/srv stable main"]),
            ("deb [arch+=i386] http://h/d sid main", ["http://h/d sid main"]),
            ("deb file:///srv/a sid main", ["file:/srv/a sid main"]),
            ("deb http://h// sid main", ["http://h sid main"]),
            (
                "deb [signed-by=0123456789ABCDEF0123456789ABCDEF01234567!] http://h/d sid main",
                ["http://h/d sid main"]
            ),
            (
                "deb http://a/d one main\r\n\r\ndeb http://b/d two main\r\n",
                ["http://a/d one main", "http://b/d two main"]
            ),
            ("deb http://h/flat ./", []),
            ("deb [arch=amd64 http://h/d sid main", []),
            ("", []),
            ("debx http://h/d sid main", []),
            (
                "deb http://a/d one main\n  deb http://b/d two main  ",
                ["http://a/d one main", "http://b/d two main"]
            ),
        ] as [(String, [String])]
    )
    func `the one-line form`(text: String, expected: [String]) {
        #expect(AptSourceList.parseOneLine(text).map(\.summary) == expected)
    }

    @Test(
        arguments: [
            (
                """
                # a note
                Types: deb deb-src
                URIs: http://a/debian http://b/debian/
                Suites: bookworm bookworm-updates
                Components: main contrib
                Signed-By: /usr/share/keyrings/k.gpg

                Types: deb
                URIs: http://s/debian-security
                Suites: bookworm-security
                Components: main
                Architectures: amd64
                """,
                [
                    "http://a/debian bookworm main contrib key=/usr/share/keyrings/k.gpg",
                    "http://a/debian bookworm-updates main contrib key=/usr/share/keyrings/k.gpg",
                    "http://b/debian bookworm main contrib key=/usr/share/keyrings/k.gpg",
                    "http://b/debian bookworm-updates main contrib key=/usr/share/keyrings/k.gpg",
                    "http://s/debian-security bookworm-security main arch=amd64",
                ]
            ),
            ("Enabled: no\nTypes: deb\nURIs: http://a/d\nSuites: sid\nComponents: main\n", []),
            (
                "Enabled: yes\nTypes: deb\nURIs: http://a/d\nSuites: sid\nComponents: main\n",
                ["http://a/d sid main"]
            ),
            ("Types: deb-src\nURIs: http://a/d\nSuites: sid\nComponents: main\n", []),
            (
                "types: deb\nuris:\n http://a/d\n# between\n http://b/d\nsuites: sid\nComponents: main\n",
                ["http://a/d sid main", "http://b/d sid main"]
            ),
            (
                "Types: deb\r\nURIs: http://a/d\r\nSuites: sid\r\nComponents: main\r\n\r\nTypes: deb\r\nURIs:\r\n http://b/d\r\nSuites: sid\r\nComponents: main\r\n",
                ["http://a/d sid main", "http://b/d sid main"]
            ),
            ("Types: deb\nURIs: http://a/d\nSuites: ./\n", []),
            (
                "Types: deb\nURIs: http://a/d\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDME\n",
                ["http://a/d sid main"]
            ),
            (":\n:::\n\n\n  lost\n", []),
        ] as [(String, [String])]
    )
    func `the deb822 form`(text: String, expected: [String]) {
        #expect(AptSourceList.parseDeb822(text).map(\.summary) == expected)
    }

    /// What a machine has, what an archive asks for, and the outcome.
    private func choose(
        _ list: String,
        suites: [String],
        components: [String] = ["main"],
        keyring: FilePath = "/keys/own.gpg"
    ) throws -> [String] {
        let definition = ArchiveDefinition(suites: suites, components: components, keyring: keyring)
        let selection = AptSourceSelection(archive: definition, architecture: "amd64")
        let sources = AptSourceList.parseOneLine(list)
        return try selection.choose(from: sources, name: "debian", etc: "/etc/apt").map(\.summary)
    }

    @Test func `suites are chosen by written name, each from its own host`() throws {
        let list = """
            deb http://a/debian bookworm main contrib
            deb http://a/debian bookworm-updates main
            deb http://s/debian-security bookworm-security main
            deb http://s/debian-security bookworm/updates main
            deb http://a/debian stable main
            """
        #expect(
            try choose(list, suites: ["bookworm", "bookworm-security"]) == [
                "http://a/debian bookworm main", "http://s/debian-security bookworm-security main",
            ]
        )
    }

    @Test func `sources of others under the same name are passed over`() throws {
        let list = """
            deb http://docker/linux bookworm stable
            deb [signed-by=/keys/other.gpg] http://other/debian bookworm main
            deb [arch=arm64] http://ports/debian bookworm main
            deb [signed-by=/keys/own.gpg] http://a/debian bookworm main
            deb http://b/debian bookworm main
            """
        #expect(
            try choose(list, suites: ["bookworm"]) == [
                "http://a/debian bookworm main key=/keys/own.gpg", "http://b/debian bookworm main",
            ]
        )
    }

    @Test func `ways that only apt knows are passed over, mirror lists are read`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write(
                "http://one/debian\tpriority:1\n# note\nhttps://two/debian\n",
                to: "apt/mirrors.txt"
            )
            let list = sandbox.path.appending("apt/mirrors.txt")
            try sandbox.write(
                "deb mirror+file:\(list) sid main\ndeb cdrom:[Disc]/ sid main\ndeb tor+http://h/d sid main\n",
                to: "apt/sources.list"
            )
            let found = try AptHost(etc: sandbox.path.appending("apt"))
                .sources(for: ArchiveDefinition(suites: ["sid"]), named: "debian", architecture: "amd64")
            #expect(found.map(\.summary) == ["http://one/debian sid main", "https://two/debian sid main"])
        }
    }

    @Test func `no text makes the readers fall`() {
        var generator = SeededGenerator(seed: 21)
        let pieces = [
            "deb", " ", "\t", "[", "]", "arch=", "=", ",", "http://h/", "sid", "main", "\n", "#", ":",
            "Types:", "URIs:",
            "Suites: ", "Components: ", "Enabled: ", "\u{0}", "\u{E9}", "\r\n", "E: ", "W: ", "://", "@", "'",
            " : ", " but ",
            "The following packages have unmet dependencies:\n", "NO_PUBKEY ", "machine ", "login ",
            "password ",
        ]
        for _ in 0..<3000 {
            let count = Int.random(in: 0...30, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            _ = AptSourceList.parseOneLine(text)
            _ = AptSourceList.parseDeb822(text)
            _ = AptMessages.updateFailure(text)
            _ = AptMessages.solveFailure(output: text, errors: text)
            _ = AptCredentials(parsing: text).login(for: "http://h/x")
            _ = AptHostSettings(dump: text, etc: "/etc/apt").configuration
            _ = AptChoice(text[...])
        }
    }

    @Test func `components may come from several entries`() throws {
        let list = "deb http://a/d sid main\ndeb http://b/d sid contrib non-free\n"
        #expect(
            try choose(list, suites: ["sid"], components: ["main", "contrib"])
                == ["http://a/d sid main", "http://b/d sid contrib"]
        )
        #expect(throws: LockError.self) { try choose(list, suites: ["sid"], components: ["main", "extra"]) }
    }

    @Test func `a suite that the machine lacks is named, with what it has`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("deb http://a/d bookworm main\n", to: "apt/sources.list")
            try sandbox.write(
                "deb [signed-by=/keys/x.gpg] http://x/d bookworm-security main\n",
                to: "apt/sources.list.d/x.list"
            )
            try sandbox.write(
                "Types: deb\nURIs: http://a/d\nSuites: trixie\nComponents: main\n",
                to: "apt/sources.list.d/y.sources"
            )
            try sandbox.write(
                "deb http://never/d bookworm-security main\n",
                to: "apt/sources.list.d/z.list.save"
            )
            let source = SourceText(name: "kiln.yaml", text: "archives:\n  debian:\n    mirror: host\n")
            let archive = ArchiveDefinition(
                suites: ["bookworm", "bookworm-security"],
                span: SourceSpan(source: source, line: 2, column: 3, length: 6)
            )
            let error = #expect(throws: LockError.self) {
                try AptHost(etc: sandbox.path.appending("apt"))
                    .sources(for: archive, named: "debian", architecture: "amd64")
            }
            let text = DiagnosticRenderer().render(error?.diagnostics ?? [])
                .replacing(sandbox.path.string, with: "SANDBOX")
            try Golden.expect(text + "\n", matches: Golden.directory().appending("refused-source.txt"))
        }
    }

    @Test(arguments: ["ftp://h/d", "debian", "http://h/d with space", "https://h/\"d", "file:relative"])
    func `a mirror that is no URL is refused`(url: String) throws {
        let archive = ArchiveDefinition(mirror: .url(url), suites: ["sid"])
        let error = #expect(throws: LockError.self) {
            try AptHost().sources(for: archive, named: "debian", architecture: "amd64")
        }
        #expect(error?.code == .source)
    }
}

extension AptSource {
    var summary: String {
        let arch = architectures.isEmpty ? "" : " arch=" + architectures.joined(separator: ",")
        let keys = signedBy.isEmpty ? "" : " key=" + signedBy.joined(separator: ",")
        return ([uri, suite] + components).joined(separator: " ") + arch + keys
    }
}
