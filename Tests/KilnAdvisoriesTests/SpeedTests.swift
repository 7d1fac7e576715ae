import Glibc
import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Speed, with bounds that a debug build on a busy machine keeps; the figures are printed. Release builds are some ten times faster.
@Suite(.serialized) struct `The speed of advisories` {
    /// CPU time of this thread.
    private static func cpu() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func measure<Result>(
        _ what: String,
        _ body: () throws -> Result
    ) rethrows -> (Duration, Result) {
        let start = cpu()
        let result = try body()
        let taken = cpu() - start
        print("speed: \(what): \(taken)")
        return (taken, result)
    }

    @Test func `opens all data in a moment, and matches a thousand inventories in seconds`() async throws {
        try await Sandbox.with { sandbox in
            var builder = DatabaseBuilder()
            for name in Fixtures.osv + ["kev-2025-08.txt.zst"] {
                _ = try Self.measure("import \(name)") {
                    try AdvisoryImporter.importFile(Fixtures.path(name), into: &builder)
                }
            }
            let file = sandbox.path.appending("advisories.db")
            try builder.write(to: file)
            print("speed: database of \(Files.facts(file)?.size ?? 0) bytes")
            let (opening, database) = try Self.measure("open") { try AdvisoryDatabase(opening: file) }
            #expect(opening < .milliseconds(50))
            _ = try Self.measure("verify") { try database.verify() }
            let inventory = Array(
                try Fixtures.dpkgStatus("dpkg-status.bookworm-12.15-server.zst").prefix(150)
            )
            let matcher = Matcher(database)
            let (matching, findings) = try Self.measure("match 1000 inventories of \(inventory.count)") {
                try (0..<1000).reduce(0) { sum, _ in sum + (try matcher.match(inventory).findings.count) }
            }
            print("speed: \(findings) findings")
            let mended = Array(try Fixtures.dpkgStatus("dpkg-status.bookworm-base.zst"))
            _ = try Self.measure("match 1000 inventories of \(mended.count), all mended") {
                for _ in 0..<1000 { _ = try matcher.match(mended) }
            }
            #expect(findings >= 200_000)
            #expect(matching < .seconds(60))
        }
    }
}
