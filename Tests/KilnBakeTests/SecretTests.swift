import Glibc
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import Synchronization
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `A secret's spellings` {
    private static let value = "correct horse?>battery"

    private static func forms(_ text: String) -> SecretForms {
        SecretForms(SecretValue(name: "token", bytes: Array(text.utf8)))
    }

    @Test(arguments: ["", "a", "ab", "user:", "login=me&password="], ["", "!", "\n", " and more"])
    func `in base64 are found wherever in a text it begins`(before: String, after: String) {
        let text = Array(Base64.encode(Array((before + Self.value + after).utf8)).utf8)
        let found = Self.forms(Self.value).all.contains { form in
            text.withUnsafeBytes { ByteSearch.first(form, in: $0) != nil }
        }
        #expect(found)
    }

    /// Longer than a line of base64's, from whatever byte of it on a line begins.
    private static let long = String(
        (0..<93).map { _ in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ".randomElement() ?? "a" }
    )

    @Test(
        arguments: [
            "base64", "base64 -w0", "base64 -w 40", "od -An -tx1 -v -w30 | tr -d ' '",
            "od -An -tx1 -v | tr -d ' \n'",
        ],
        ["", "user:", "ab"]
    )
    func `are found in files and hidden in output as encoders write them`(
        encoder: String,
        before: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let secret = SecretValue(name: "token", bytes: Array((Self.long + "\n").utf8))
            let invocation = ToolInvocation(
                "sh",
                ["-c", encoder],
                input: Array((before + Self.long + " end").utf8)
            )
            let text = try await ToolRunner().run(invocation).text
            let folder = sandbox.path.appending("tree")
            try Files.createDirectory(folder)
            try Files.write(
                String(repeating: "x", count: 1 << 20) + "\n" + text,
                to: folder.appending("file")
            )
            #expect(try SecretScan([secret]).first(in: folder)?.secret == "token")
            var scrubber = SecretScrubber([secret])
            let shown = text.split(separator: "\n").map { scrubber.scrub(String($0)) }.joined(separator: "\n")
            #expect(shown.contains("[secret:token]"))
            #expect(EncodedParts(secret).ranges(in: Array(shown.utf8)).isEmpty)
            // What is left is what stands around it, and what is too short to be told from chance.
            let left = shown.replacing("[secret:token]", with: "").count
            #expect(left < 16 + 12 * text.split(separator: "\n").count, "\(shown)")
        }
    }

    @Test func `are none that a text has by chance`() {
        #expect(Self.forms("12345678\n").all.allSatisfy { $0.count >= 8 })
        #expect(Self.forms("12345678\n").all.contains(Array("12345678".utf8)))
        #expect(Self.forms("\u{0}\u{FF}345678").all.contains(Array("00c3bf333435363738".utf8)))
    }

    @Test func `base64 is what others make of it`() async throws {
        for count in 0..<7 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
            let invocation = ToolInvocation("base64", input: bytes)
            let theirs = try await ToolRunner().run(invocation).text
            #expect(Base64.encode(bytes) == theirs.filter { $0 != "\n" })
        }
    }
}

@Suite struct `What a step prints` {
    private static let secrets = [
        SecretValue(name: "token", bytes: Array("tok-1234567890\n".utf8)),
        SecretValue(name: "key", bytes: Array("-----BEGIN-----\nc2VjcmV0IGtleQ\n-----END-----\n".utf8)),
    ]

    @Test(
        arguments: [
            ("plain", "plain"), ("tok-123456789", "tok-123456789"),
            ("a tok-1234567890 b tok-1234567890", "a [secret:token] b [secret:token]"),
            ("c2VjcmV0IGtleQ", "[secret:key]"), ("746f6b2d31323334353637383930", "[secret:token]"),
            ("e\u{301}tok-1234567890\u{301}", "e\u{301}[secret:token]\u{301}"),
        ]
    )
    func `shows a secret's name in its place`(line: String, shown: String) {
        var scrubber = SecretScrubber(Self.secrets)
        #expect(scrubber.scrub(line) == shown)
        #expect(scrubber.rest() == nil)
    }

    @Test(arguments: [0, 1, 7, 13, 14, 15, 40])
    func `shows no part of a secret where a long line comes in pieces`(offset: Int) {
        var splitter = LineSplitter()
        var scrubber = SecretScrubber(Self.secrets)
        let padding = String(repeating: "x", count: LineSplitter.longest - offset)
        let text = padding + "tok-1234567890" + "yyy\nnext\n"
        let shown = splitter.split(Array(text.utf8)).map { scrubber.scrub($0) }
        #expect(shown.joined() == padding + "[secret:token]yyy" + "next")
    }

    @Test func `a secret describes itself by its name alone`() {
        let secret = Self.secrets[0]
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(
            "\(secret) \(String(reflecting: secret))" + dumped
                == "[secret:token] [secret:token]- [secret:token]\n"
        )
    }
}

@Suite struct `A step with a secret` {
    private static let value = "s3cr3t-\(UInt64.max)-value"

    /// A root of busybox with one step that is given the secret `token`.
    private static func bakery(_ sandbox: Sandbox, _ script: String) async throws -> Bakery {
        let folder = sandbox.path.appending("a")
        var bakery = try await Bakery.withBusybox(folder, home: sandbox.home, compression: .gzip)
        for name in ["base64", "head", "ln", "cut", "wc", "true", "false"] {
            symlink("busybox", folder.appending("bin").appending(name).string)
        }
        var app = ImageDefinition(origin: .image("tools"))
        app.steps = [
            StepDefinition(run: "step.sh", secrets: [StepSecret(name: "token", source: .variable("TOKEN"))])
        ]
        bakery.definition.images["app"] = app
        try bakery.write(script, to: "step.sh")
        return bakery
    }

    private static func bake(
        _ bakery: Bakery,
        _ environment: [String: String] = ["TOKEN": value],
        conditions: BakeConditions = .ordinary
    ) async throws -> BakedImage {
        let executor = BakeExecutor(
            definition: bakery.definition,
            lock: try await bakery.lock(),
            home: bakery.home,
            conditions: conditions,
            environment: environment
        )
        return try #require(try await executor.bake(["app"]).last)
    }

    /// Whether the value is anywhere in the home, in what is compressed there too.
    private static func isKept(_ home: KilnHome) async throws -> Bool {
        let script =
            "find \"$1\" -type f -exec zcat -f {} + | grep -qF -e \"$2\" || grep -rqF -e \"$2\" \"$1\""
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("sh", ["-c", script, "sh", home.root.string, value])
        )
        return output.status == .exited(0)
    }

    @Test func `reads it, and nothing keeps it`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Self.bakery(
                sandbox,
                """
                cat /run/secrets/token; echo
                ls -l /run/secrets | cut -c1-10; ls -ld /run/secrets/token
                echo x 2>/dev/null > /run/secrets/token || echo refused
                rm /run/secrets/token 2>/dev/null || echo kept
                echo ${TOKEN:-unset}
                cat /run/secrets/token | wc -c > /size

                """
            )
            let lines = Mutex<[String]>([])
            let receiver = FactReceiver { fact in
                if case .output(_, let line) = fact { lines.withLock { $0.append(line) } }
            }
            let image = try await Progress.$receiver.withValue(receiver) { try await Self.bake(bakery) }
            let printed = lines.withLock { $0 }
            #expect(printed.first == "[secret:token]")
            #expect(printed.contains { $0.hasPrefix("-r--------") })
            #expect(printed.suffix(3) == ["refused", "kept", "unset"])
            #expect(try bakery.root(of: image)?.lookup("run/secrets") == nil)
            #expect(try bakery.root(of: image)?.lookup("size") != nil)
            #expect(try await !Self.isKept(bakery.home))
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `is not blamed when the secret cannot be handed over`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Self.bakery(sandbox, "true\n")
            try sandbox.write("#!/bin/sh\necho denied >&2; exit 3\n", to: "broken/base64", mode: 0o755)
            let path = try #require(getenv("PATH").map { String(cString: $0) })
            let broken = sandbox.path.appending("broken").string + ":" + path
            let error = try await #require(throws: BakeError.self) {
                try await Self.bake(
                    bakery,
                    conditions: BakeConditions(
                        surroundings: ToolSurroundings(environment: ["PATH": broken])
                    )
                )
            }
            #expect(error.diagnostic.code == "bake.secret-mount")
            #expect(
                error.diagnostic.message
                    == "the secrets of step step.sh of image \"app\" could not be handed to it: exit status 3"
            )
            #expect(error.diagnostic.causes == ["denied"])
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `is not blamed when what runs it is not installed`() throws {
        let secret = SecretValue(name: "token", bytes: Array("12345678".utf8))
        let mount = SecretMount(folder: "/nonexistent/secrets", secrets: [secret])
        let error = try #require(throws: ToolError.self) { try mount.around(ToolInvocation("kiln-no-runc")) }
        #expect(error.diagnostics.first?.message == "kiln-no-runc is not installed")
    }

    @Test func `is not run again for another value, nor asked for one when it is cached`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try await Self.bakery(sandbox, "cat /run/secrets/token > /dev/null; echo a > /a\n")
            let first = try await Self.bake(bakery)
            #expect(try await Self.bake(bakery, ["TOKEN": "another value"]).isCached)
            #expect(try await Self.bake(bakery, [:]).manifest == first.manifest)
            bakery.definition.images["app"]?.steps[0].secrets[0].name = "other"
            let error = try await #require(throws: BakeError.self) { try await Self.bake(bakery, [:]) }
            #expect(error.diagnostic.code == "bake.missing-secret" && error.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `makes no layer when its secret is missing or too short`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try await Self.bakery(sandbox, "true\n")
            for (environment, code) in [
                ([:], "missing"), (["TOKEN": ""], "missing"), (["TOKEN": "1234567\n"], "short"),
            ] {
                let error = try await #require(throws: BakeError.self) {
                    try await Self.bake(bakery, environment)
                }
                #expect(error.diagnostic.code == "bake.\(code)-secret")
            }
            let long = try sandbox.write(String(repeating: "x", count: 64 << 10 | 1), to: "long")
            bakery.definition.images["app"]?.steps[0].secrets[0].source = .file(long)
            let tooLong = try await #require(throws: BakeError.self) { try await Self.bake(bakery) }
            #expect(tooLong.diagnostic.code == "bake.long-secret" && tooLong.diagnostic.exitStatus == .usage)
            bakery.definition.images["app"]?.steps[0].secrets[0].source = .file("/nonexistent/token")
            let error = try await #require(throws: BakeError.self) { try await Self.bake(bakery) }
            #expect(error.diagnostic.message.contains("there is no file /nonexistent/token"))
            #expect(try Files.list(bakery.home.images.pushing("blobs/sha256")).isEmpty)
        }
    }

    @Test(
        arguments: [
            ("cp /run/secrets/token /etc-token", "/etc-token (the content)"),
            ("mkdir -p /a/b; echo \"key=$(cat /run/secrets/token)x\" > /a/b/c", "/a/b/c (the content)"),
            ("touch /x-$(cat /run/secrets/token)", "/ (a name in it)"),
            ("mkdir -p /a; ln -s to-$(cat /run/secrets/token) /a/link", "/a/link (where the link leads)"),
            ("echo \"me:$(cat /run/secrets/token)\" | base64 > /auth", "/auth (the content)"),
            (
                "head -c 1048570 /dev/zero > /big; cat /run/secrets/token >> /big; echo more >> /big",
                "/big (the content)"
            ),
        ]
    )
    func `that leaves it behind fails, is named, and leaves nothing`(
        script: String,
        place: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Self.bakery(sandbox, script + "\n")
            let error = try await #require(throws: BakeError.self) { try await Self.bake(bakery) }
            #expect(error.diagnostic.code == "bake.leaked-secret")
            #expect(error.diagnostic.message.hasSuffix(place), "\(error.diagnostic.message)")
            #expect(!error.diagnostic.message.contains(Self.value))
            #expect(try await !Self.isKept(bakery.home))
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `that fails shows its last lines without it`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Self.bakery(
                sandbox,
                "echo \"denied: $(cat /run/secrets/token)\"; mkdir /half; cp /run/secrets/token /half/t; false\n"
            )
            let error = try await #require(throws: BakeError.self) { try await Self.bake(bakery) }
            let told = DiagnosticRenderer().render(error.diagnostics)
            #expect(told.contains("denied: [secret:token]") && !told.contains(Self.value), "\(told)")
            #expect(try await !Self.isKept(bakery.home))
            #expect(try bakery.leftovers == [])
        }
    }
}
