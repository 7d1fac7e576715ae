import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Laying a layer out` {
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let tar: [UInt8]

        init(_ description: String, _ tar: RawTar) {
            testDescription = description
            self.tar = tar.ended
        }
    }

    static let attacks: [Attack] = [
        Attack("parent", RawTar().adding("../outside/new")),
        Attack("absolute", RawTar().adding("/tmp/kiln-evil")),
        Attack("file through a link", RawTar().adding("l", type: "2", link: "../outside").adding("l/new")),
        Attack(
            "file through an absolute link",
            RawTar().adding("l", type: "2", link: "/tmp").adding("l/kiln-evil")
        ),
        Attack(
            "folder through a link",
            RawTar().adding("l", type: "2", link: "../outside").adding("l/new", type: "5")
        ),
        Attack(
            "link through a link",
            RawTar().adding("l", type: "2", link: "../outside").adding("l/new", type: "2", link: "x")
        ),
        Attack(
            "hard link to a file behind a link",
            RawTar().adding("l", type: "2", link: "../outside").adding("h", type: "1", link: "l/victim")
        ),
        Attack("hard link up", RawTar().adding("h", type: "1", link: "../outside/victim")),
        Attack("hard link to a folder", RawTar().adding("d", type: "5").adding("h", type: "1", link: "d")),
        Attack("hard link to nothing", RawTar().adding("h", type: "1", link: "nothing")),
        Attack("device", RawTar().adding("disk", type: "4", device: ("0000010", "0000001"))),
        Attack("whiteout device", RawTar().adding("w", type: "3", device: ("0000000", "0000000"))),
        Attack("whiteout of the parent", RawTar().adding(".wh...")),
        Attack("whiteout of the folder", RawTar().adding(".wh..")),
        Attack("whiteout of nothing", RawTar().adding("d/.wh.")),
        Attack(
            "whiteout through a link",
            RawTar().adding("l", type: "2", link: "../outside").adding("l/.wh.victim")
        ),
        Attack(
            "opaque through a link",
            RawTar().adding("l", type: "2", link: "../outside").adding("l/.wh..wh..opq")
        ),
        Attack(
            "overlay attribute",
            RawTar().adding(
                "p",
                type: "x",
                content: RawTar.record("SCHILY.xattr.trusted.overlay.redirect", "/etc")
            )
            .adding("d", type: "5")
        ),
    ]

    @Test(arguments: attacks, [LayerExtractor.Form.plain, .overlay])
    func `an attack ends in a typed error and touches nothing outside`(
        attack: Attack,
        form: LayerExtractor.Form
    ) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("precious", to: "outside/victim")
            let root = sandbox.path.appending("root")
            try Files.createDirectory(root)
            #expect(throws: ArchiveError.self) {
                try LayerExtractor(form: form).extract(MemorySource(attack.tar), into: root)
            }
            #expect(try Files.list(sandbox.path.appending("outside")) == ["victim"])
            #expect(try Files.readText(sandbox.path.appending("outside/victim")) == "precious")
            #expect(!Files.exists("/tmp/kiln-evil"))
        }
    }

    @Test func `links that were there before are not followed either`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("precious", to: "outside/victim")
            let root = sandbox.path.appending("root")
            try await SampleTree.shell(
                "mkdir \(root); cd \(root); ln -s ../outside l; ln -s ../outside/victim v"
            )
            #expect(throws: ArchiveError.self) {
                try LayerExtractor(form: .plain).extract(
                    MemorySource(RawTar().adding("l/new").ended),
                    into: root
                )
            }
            try LayerExtractor(form: .plain)
                .extract(MemorySource(RawTar().adding("v", content: "new").ended), into: root)
            #expect(try Files.readText(root.appending("v")) == "new")
            #expect(try Files.readText(sandbox.path.appending("outside/victim")) == "precious")
        }
    }

    @Test func `writing a name again leaves its other names alone`() async throws {
        try await Sandbox.with { sandbox in
            let tar = RawTar().adding("a", content: "first").adding("b", type: "1", link: "a")
                .adding("a", content: "second").ended
            try LayerExtractor(form: .plain).extract(MemorySource(tar), into: sandbox.path)
            #expect(try Files.readText(sandbox.path.appending("a")) == "second")
            #expect(try Files.readText(sandbox.path.appending("b")) == "first")
        }
    }

    @Test func `a later entry of another kind takes a name over`() async throws {
        try await Sandbox.with { sandbox in
            let tar = RawTar().adding("d/e/f", content: "x").adding("d", type: "2", link: "elsewhere")
                .adding("f").adding("f", type: "5").adding("f/g", content: "y").ended
            try LayerExtractor(form: .plain).extract(MemorySource(tar), into: sandbox.path)
            #expect(Files.facts(sandbox.path.appending("d"))?.kind == .symlink)
            #expect(try Files.readText(sandbox.path.appending("f/g")) == "y")
        }
    }

    @Test func `folders that no entry names are root's, 0755 and of 1970`() async throws {
        try await Sandbox.with { sandbox in
            try LayerExtractor(form: .overlay)
                .extract(MemorySource(RawTar().adding("a/b/c").ended), into: sandbox.path)
            for name in ["a", "a/b"] {
                let facts = Files.facts(sandbox.path.appending(name))
                #expect(facts?.mode == 0o755)
                #expect(facts?.modified == 0)
            }
        }
    }

    @Test func `device nodes are made where they are allowed`() async throws {
        try await Sandbox.with { sandbox in
            let tar = RawTar().adding("null", type: "3", mode: "0000666", device: ("0000001", "0000003"))
                .ended
            var extractor = LayerExtractor(form: .overlay)
            extractor.allowsDevices = true
            try extractor.extract(MemorySource(tar), into: sandbox.path)
            let said = try await SampleTree.shell("stat -c '%F %a %t %T' \(sandbox.path)/null")
            #expect(said == "character special file 666 1 3\n")
        }
    }

    @Test func `a whiteout hides its very name, whatever the letters`() async throws {
        try await Sandbox.with { sandbox in
            let name = "\u{301}x"
            try LayerExtractor(form: .overlay)
                .extract(MemorySource(RawTar().adding(".wh." + name).ended), into: sandbox.path)
            #expect(Files.facts(sandbox.path.appending(name))?.kind == .other)
            #expect(!Files.exists(sandbox.path.appending("x")))
        }
    }

    @Test func `an error names the archive and the place in it`() async throws {
        try await Sandbox.with { sandbox in
            let blob = sandbox.path.appending("layer.tar")
            try Files.write(RawTar().adding("a").adding("../b").ended, to: blob)
            let out = sandbox.path.appending("out")
            try Files.createDirectory(out)
            let laidOut = #expect(throws: ArchiveError.self) {
                try LayerExtractor(form: .plain).extract(blob: blob, into: out)
            }
            let scanned = #expect(throws: ArchiveError.self) { try LayerScanner.scan(blob) }
            #expect(laidOut == scanned)
            #expect(laidOut?.diagnostics.first?.causes == ["at byte 512 of \(blob)"])
        }
    }

    @Test func `a layer that is not what it should be is refused`() async throws {
        try await Sandbox.with { sandbox in
            let tar = RawTar().adding("a").ended
            let wrong = DiffID(of: "something else")
            let error = #expect(throws: ArchiveError.self) {
                try LayerExtractor(form: .plain)
                    .extract(MemorySource(tar), into: sandbox.path, expecting: wrong)
            }
            #expect(error?.reason == .wrongContent(expected: wrong, found: DiffID(of: tar)))
        }
    }

    @Test func `a folder that nobody may write is filled all the same, without root too`() async throws {
        try await Sandbox.with { sandbox in
            var extractor = LayerExtractor(form: .plain)
            extractor.keepsOwners = false
            let tar = RawTar().adding("d", type: "5", mode: "0000555").adding("d/f", content: "x").ended
            try extractor.extract(MemorySource(tar), into: sandbox.path)
            #expect(Files.facts(sandbox.path.appending("d"))?.mode == 0o555)
            #expect(try Files.readText(sandbox.path.appending("d/f")) == "x")
        }
    }

    @Test(arguments: 1...30)
    func `random archives never leave their directory`(seed: UInt64) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("precious", to: "outside/victim")
            let root = sandbox.path.appending("root")
            try Files.createDirectory(root)
            var noise = Noise(state: seed)
            let names = [
                "a", "b", "a/b", "b/a", "a/b/c", "../outside", "../outside/victim", "a/../b", "/etc", ".wh.a",
                "a/.wh..wh..opq",
            ]
            let targets = names + [".", "..", "../..", "../outside", "/"]
            let types: [Character] = ["0", "0", "1", "2", "2", "5", "3", "6"]
            for _ in 0..<20 {
                var tar = RawTar()
                for _ in 0..<8 {
                    tar = tar.adding(
                        names[Int(noise.next() % UInt64(names.count))],
                        type: types[Int(noise.next() % UInt64(types.count))],
                        link: targets[Int(noise.next() % UInt64(targets.count))]
                    )
                }
                let forms = [LayerExtractor.Form.plain, .overlay]
                do {
                    try LayerExtractor(form: forms[Int(noise.next() % 2)])
                        .extract(MemorySource(tar.ended), into: root)
                } catch is ArchiveError {}
            }
            #expect(try Files.list(sandbox.path) == ["outside", "root"])
            #expect(try Files.list(sandbox.path.appending("outside")) == ["victim"])
            #expect(try Files.readText(sandbox.path.appending("outside/victim")) == "precious")
        }
    }
}
