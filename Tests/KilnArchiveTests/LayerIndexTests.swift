import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Indexes of layers` {
    private static let digest = Digest(of: "content")

    private static func file(_ path: String, mode: UInt32 = 0o644) -> LayerIndex.Entry {
        LayerIndex.Entry(path: path, kind: .file(size: 7, digest: digest), mode: mode)
    }

    private static func folder(_ path: String) -> LayerIndex.Entry {
        LayerIndex.Entry(path: path, kind: .directory, mode: 0o755)
    }

    private static func link(_ path: String, _ target: String) -> LayerIndex.Entry {
        LayerIndex.Entry(path: path, kind: .symlink(target: target), mode: 0o777)
    }

    private static let everything = LayerIndex(
        entries: [
            LayerIndex.Entry(path: "", kind: .directory, mode: 0o700, uid: 1, gid: 2, mtime: -3),
            LayerIndex.Entry(
                path: "a b\\c\n",
                kind: .file(size: 1 << 40, digest: digest),
                mode: 0o4755,
                xattrs: ["user.x y": [0, 255, 32], "user.empty": []]
            ),
            LayerIndex.Entry(
                path: "h",
                kind: .hardlink(target: "a b\\c\n", size: 1, digest: digest),
                mode: 0o644
            ),
            LayerIndex.Entry(path: "grün", kind: .symlink(target: "/über all"), mode: 0o777),
            LayerIndex.Entry(path: "null", kind: .characterDevice(major: 1, minor: 3), mode: 0o666),
            LayerIndex.Entry(path: "disk", kind: .blockDevice(major: 8, minor: 1), mode: 0o660),
            LayerIndex.Entry(path: "pipe", kind: .fifo, mode: 0o600),
        ],
        removed: ["z", "gone/x y"],
        opaque: ["o"],
        captured: ["etc/passwd": Array("root:x:0:0\n\\\u{FF}".utf8), "etc/group": []]
    )

    @Test func `an index survives its text, which people can read`() throws {
        let text = Self.everything.encode()
        #expect(try LayerIndex(parsing: text) == Self.everything)
        try Golden.expect(
            String(decoding: text, as: UTF8.self),
            matches: Golden.directory().appending("index.txt")
        )
    }

    @Test func `a cut-off index is refused at every length`() throws {
        let text = Self.everything.encode()
        for length in 0..<text.count {
            if text[..<length].last == UInt8(ascii: "\n") { continue }
            #expect(throws: ArchiveError.self) { try LayerIndex(parsing: Array(text[..<length])) }
        }
    }

    @Test(arguments: 1...20)
    func `a damaged index is read as one that is written alike, or refused`(seed: UInt64) {
        var noise = Noise(state: seed)
        let good = Self.everything.encode()
        for _ in 0..<100 {
            var bytes = good
            for _ in 0..<(noise.next() % 6 + 1) {
                let place = Int(noise.next() % UInt64(bytes.count))
                switch noise.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: noise.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                }
            }
            guard let read = try? LayerIndex(parsing: bytes) else { continue }
            #expect((try? LayerIndex(parsing: read.encode())) == read)
        }
    }

    @Test(arguments: [
        "", "x\n", "kiln-layer-index 2\n", "kiln-layer-index 1\nq 1 2 3 4 a\n",
        "kiln-layer-index 1\nd 9 0 0 0 a\n",
        "kiln-layer-index 1\nd 755 0 0 0 /a\n", "kiln-layer-index 1\nd 755 0 0 0 a b\n",
        "kiln-layer-index 1\nd 755 0 0 0 a/../b\n", "kiln-layer-index 1\nf 755 0 0 0 1 abc a\n",
        "kiln-layer-index 1\nd 755 0 0 0 a\\x\n", "kiln-layer-index 1\nd 755 -1 0 0 a\n",
        "kiln-layer-index 1\nd 755 0 0 99999999999999999999 a\n", "kiln-layer-index 1\nd 755 0 0 0\n",
    ])
    func `a damaged index is refused`(text: String) {
        #expect(throws: ArchiveError.self) { try LayerIndex(parsing: Array(text.utf8)) }
    }

    @Test func `entries are sorted as a walk meets them, and the later of two counts`() {
        let index = LayerIndex(entries: [
            Self.file("a-b"), Self.file("a/c"), Self.folder("a"), Self.file("a/c", mode: 0o600),
            Self.file("a.b"),
        ])
        #expect(index.entries.map(\.path) == ["a", "a/c", "a-b", "a.b"])
        #expect(index.lookup("a/c")?.mode == 0o600)
    }

    @Test func `two spellings of a letter are two names`() {
        let index = LayerIndex(entries: [Self.file("gr\u{FC}n"), Self.file("gru\u{308}n")])
        #expect(index.entries.count == 2)
    }

    @Test func `an upper layer hides, empties and replaces what is below it`() {
        let lower = LayerIndex(entries: [
            Self.folder("a"), Self.file("a/x"), Self.folder("a/y"), Self.file("a/y/z"), Self.file("a-b"),
            Self.folder("b"), Self.file("b/x"), Self.folder("c"), Self.file("c/x"), Self.file("d"),
            Self.file("e"),
        ])
        let upper = LayerIndex(
            entries: [
                Self.folder("b"), Self.file("b/new"), Self.file("c"), Self.folder("d"), Self.file("d/x"),
                Self.file("e", mode: 0o600),
            ],
            removed: ["a/y", "a-b", "nowhere"],
            opaque: ["b"]
        )
        let root = RootIndex.stacked([lower, upper])
        #expect(root.entries.map(\.path) == ["a", "a/x", "b", "b/new", "c", "d", "d/x", "e"])
        #expect(root.lookup("/e")?.mode == 0o600)
        #expect(root.children(of: "/").map(\.path) == ["a", "b", "c", "d", "e"])
        #expect(root.children(of: "b").map(\.path) == ["b/new"])
    }

    @Test func `account files are those of the topmost layer that has them`() {
        func layer(_ text: String) -> LayerIndex {
            LayerIndex(entries: [Self.file("etc/passwd")], captured: ["etc/passwd": Array(text.utf8)])
        }
        let other = LayerIndex(entries: [Self.file("etc/hosts")])
        let gone = LayerIndex(entries: [], removed: ["etc/passwd"])
        #expect(
            RootIndex.stacked([layer("1"), layer("2"), other]).content(of: "etc/passwd") == Array("2".utf8)
        )
        #expect(RootIndex.stacked([layer("1"), gone]).content(of: "etc/passwd") == nil)
        #expect(
            RootIndex.stacked([layer("1"), gone, layer("3")]).content(of: "etc/passwd") == Array("3".utf8)
        )
    }

    @Test(arguments: [
        ("bin/sh", "usr/bin/dash"), ("/usr/bin/sh", "usr/bin/dash"), ("var/run/lock", "run/lock"),
        ("loop", nil), ("usr/bin/dash/x", nil), ("missing", "missing"), ("bin/../../etc", "etc"),
        ("up", "etc"), ("a/./b", "a/b"),
    ])
    func `links are followed inside the root`(path: String, expected: String?) {
        let root = RootIndex.stacked([
            LayerIndex(entries: [
                Self.link("bin", "usr/bin"), Self.folder("usr"), Self.folder("usr/bin"),
                Self.file("usr/bin/dash"),
                Self.link("usr/bin/sh", "dash"), Self.folder("var"), Self.link("var/run", "/run"),
                Self.folder("run"), Self.folder("run/lock"), Self.link("loop", "loop"),
                Self.link("up", "../../../etc"), Self.folder("etc"),
            ])
        ])
        #expect(root.realPath(path) == expected)
    }
}
