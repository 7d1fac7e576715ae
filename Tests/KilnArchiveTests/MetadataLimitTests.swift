import KilnOCI
import Testing

@testable import KilnArchive

@Suite struct `Names and attributes of an archive` {
    private static let attribute = RawTar.record("SCHILY.xattr.user.a", String(repeating: "v", count: 1000))

    private static let archives: [(String, RawTar)] = [
        (
            "an attribute of each member",
            (0..<20).reduce(RawTar()) {
                $0.adding("x", type: "x", content: attribute).adding("f\($1)")
            }
        ),
        (
            "one attribute of all members",
            (0..<20).reduce(RawTar().adding("g", type: "g", content: attribute)) { $0.adding("f\($1)") }
        ),
        (
            "many attributes without a value",
            (0..<20).reduce(RawTar().adding("g", type: "g", content: many)) { $0.adding("f\($1)") }
        ),
        (
            "long names",
            (0..<20).reduce(RawTar()) {
                $0.adding("L", type: "L", content: String(repeating: "n", count: 1000) + "\($1)").adding("f")
            }
        ),
        (
            "long link targets",
            (0..<20).reduce(RawTar()) {
                $0.adding("K", type: "K", content: String(repeating: "n", count: 1000))
                    .adding("f\($1)", type: "2")
            }
        ),
    ]

    private static let many = (0..<40).map { RawTar.record("SCHILY.xattr.\($0)", "") }.joined()

    @Test(arguments: archives.indices)
    func `are limited in their sum`(number: Int) throws {
        let (what, tar) = Self.archives[number]
        var limits = ArchiveLimits()
        limits.metadata = 10_000
        var reader = TarReader(MemorySource(tar.ended), limits: limits)
        let error = #expect(throws: ArchiveError.self, "\(what)") { _ = try reader.finish() }
        #expect(error?.reason == .limit(.metadata), "\(what)")
        reader = TarReader(MemorySource(tar.ended))
        _ = try reader.finish()
    }

    @Test func `are limited alike in a layer that is written`() throws {
        var limits = ArchiveLimits()
        limits.metadata = 100
        var builder = LayerIndexBuilder(limits: limits)
        try builder.add(
            TarEntry(path: "a", kind: .directory, mode: 0o755),
            digest: Digest(of: ""),
            content: nil
        )
        let long = TarEntry(path: "a/" + String(repeating: "b", count: 100), kind: .fifo, mode: 0o644)
        let error = #expect(throws: ArchiveError.self) {
            try builder.add(long, digest: Digest(of: ""), content: nil)
        }
        #expect(error?.reason == .limit(.metadata) && error?.path == long.path)
    }

    @Test func `are all that is kept of pax headers`() throws {
        var records = PaxRecords()
        let idle = (0..<1000).map { RawTar.record("KILN.\($0)", "v") }.joined()
        try records.read(Array((idle + RawTar.record("atime", "1") + RawTar.record("path", "a")).utf8), at: 0)
        var expected = PaxRecords()
        expected.set("path", Array("a".utf8))
        #expect(records == expected)
    }
}
