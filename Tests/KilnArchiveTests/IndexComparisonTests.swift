import KilnArchive
import KilnOCI
import Testing

@Suite struct `Comparing what layers hold` {
    private static let digests = ["one", "two"].map { Digest(of: $0) }

    private static func file(
        _ path: String = "f",
        _ content: Int = 0,
        mode: UInt32 = 0o644,
        uid: UInt32 = 0,
        mtime: Int64 = 0,
        xattrs: [String: [UInt8]] = [:]
    ) -> LayerIndex.Entry {
        LayerIndex.Entry(
            path: path,
            kind: .file(size: Int64(content + 3), digest: digests[content]),
            mode: mode,
            uid: uid,
            mtime: mtime,
            xattrs: xattrs
        )
    }

    private static func link(_ target: String) -> LayerIndex.Entry {
        LayerIndex.Entry(path: "f", kind: .symlink(target: target), mode: 0o777)
    }

    @Test(arguments: [
        (file(), file("f", 1), ["content", "size"]), (file(), file(mode: 0o600), ["mode"]),
        (file(), file(uid: 7), ["owner"]), (file(), file(mtime: 1), ["time"]),
        (file(), file(xattrs: ["user.a": [1]]), ["attribute user.a"]),
        (link("a"), link("b"), ["target"]), (file(), file(), []),
        (
            file(),
            LayerIndex.Entry(
                path: "f",
                kind: .hardlink(target: "a", size: 3, digest: digests[0]),
                mode: 0o644
            ),
            ["kind", "target"]
        ),
        (
            LayerIndex.Entry(path: "f", kind: .characterDevice(major: 1, minor: 2), mode: 0o644),
            LayerIndex.Entry(path: "f", kind: .characterDevice(major: 1, minor: 3), mode: 0o644), ["device"]
        ),
    ])
    func `says of a path what differs`(
        _ first: LayerIndex.Entry,
        _ second: LayerIndex.Entry,
        _ expected: [String]
    ) {
        let found = PathDifference.between(LayerIndex(entries: [first]), LayerIndex(entries: [second]))
        #expect(found.flatMap { $0.changes.map(\.what) } == expected)
        #expect(found.allSatisfy { $0.path == "f" })
    }

    @Test func `names in order what only one of them has, deletions included`() {
        let first = LayerIndex(entries: [Self.file("a"), Self.file("c")], removed: ["b"], opaque: ["d"])
        let second = LayerIndex(entries: [Self.file("c"), Self.file("a/x"), Self.file("e")])
        let found = PathDifference.between(first, second)
        #expect(found.map(\.path) == ["a", "a/x", "b", "d", "e"])
        #expect(
            found.flatMap(\.changes).map(\.what) == ["entry", "entry", "deletion", "opaque folder", "entry"]
        )
        #expect(found.flatMap(\.changes).map(\.first) == ["file", nil, "yes", "yes", nil])
        #expect(PathDifference.between(first, first).isEmpty)
    }

    @Test func `compares what stacks show, however they are cut into layers`() {
        let whole = RootIndex.stacked([LayerIndex(entries: [Self.file("a"), Self.file("b")])])
        let cut = RootIndex.stacked([
            LayerIndex(entries: [Self.file("a"), Self.file("c")]),
            LayerIndex(entries: [Self.file("b")], removed: ["c"]),
        ])
        #expect(PathDifference.between(whole, cut).isEmpty)
        let other = RootIndex.stacked([LayerIndex(entries: [Self.file("a", 1)])])
        #expect(PathDifference.between(whole, other).map(\.path) == ["a", "b"])
    }
}
