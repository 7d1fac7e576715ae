import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The database of advisories` {
    private static let sample = Result {
        var builder = DatabaseBuilder()
        for name in ["debian12-tracker-sample.osv.jsonl.zst", "npm-nodejs-wg-2016-2022.osv.jsonl.zst"] {
            _ = try AdvisoryImporter.importFile(Fixtures.path(name), into: &builder)
        }
        return try builder.build()
    }

    private static let packages = [
        InventoryPackage(Ecosystem("Debian:12"), "tar", "1.34"),
        InventoryPackage(Ecosystem("npm"), "hapi", "2.1.7"),
        InventoryPackage(Ecosystem("npm"), "nothing", "1.0.0"),
    ]

    @Test func `is the same bytes for the same advisories`() throws {
        let first = try Self.sample.get()
        var builder = DatabaseBuilder()
        for name in ["npm-nodejs-wg-2016-2022.osv.jsonl.zst", "debian12-tracker-sample.osv.jsonl.zst"] {
            _ = try AdvisoryImporter.importFile(Fixtures.path(name), into: &builder)
        }
        #expect(try builder.build() == first)
    }

    @Test func `is written as a whole, mapped, and holds what its digest says`() async throws {
        try await Sandbox.with { sandbox in
            var builder = DatabaseBuilder()
            _ = try AdvisoryImporter.importFile(Fixtures.path(Fixtures.osv[1]), into: &builder)
            let file = sandbox.path.appending("advisories.db")
            try Files.write("old", to: file)
            try builder.write(to: file)
            let database = try AdvisoryDatabase(opening: file)
            try database.verify()
            #expect(database.date.description == "2026-11-23T00:00:00Z")
            #expect(database.advisoryCount == 10)
            #expect(try database.sources().map(\.taken) == [10])
            #expect(try Files.list(sandbox.path) == ["advisories.db"])
            #expect(
                try Matcher(database).match(Self.packages).findings.map(\.vulnerability) == ["CVE-2005-2541"]
            )
        }
    }

    @Test func `that is missing, foreign, of another format or cut off is a typed error`() async throws {
        let bytes = try Self.sample.get()
        func reason(_ bytes: [UInt8]) -> DatabaseError.Reason? {
            do throws(DatabaseError) { _ = try AdvisoryDatabase(bytes: bytes) } catch { return error.reason }
            return nil
        }
        #expect(reason(bytes) == nil)
        #expect(reason([]) == .truncated)
        #expect(reason(Array(bytes.prefix(100))) == .truncated)
        #expect(reason(Array(bytes.dropLast())) == .truncated)
        #expect(reason(bytes + [0]) == .corrupt("its end"))
        #expect(reason([UInt8](repeating: 65, count: 4096)) == .foreign)
        var later = bytes
        later[8] = 3
        #expect(reason(later) == .version(3))
        try await Sandbox.with { sandbox in
            let missing = sandbox.path.appending("none")
            do {
                _ = try AdvisoryDatabase(opening: missing)
                Issue.record("there is none")
            } catch let error as DatabaseError {
                #expect(error.reason == .missing)
            }
            let short = try sandbox.write("KILNADV", to: "short")
            #expect(throws: DatabaseError.self) { try AdvisoryDatabase(opening: short) }
            #expect(throws: DatabaseError.self) { try AdvisoryDatabase(opening: sandbox.path) }
        }
    }

    @Test func `that was changed does not hold what its digest says`() throws {
        var bytes = try Self.sample.get()
        bytes[bytes.count / 2] ^= 1
        let database = try AdvisoryDatabase(bytes: bytes)
        do throws(DatabaseError) {
            try database.verify()
            Issue.record("a changed byte went unseen")
        } catch {
            guard case .wrongContent = error.reason else { throw error }
        }
    }

    /// Every byte of the header and thousands of others set wrong: an error or an answer, never a crash.
    @Test func `that is damaged anywhere gives an error or an answer`() throws {
        let bytes = try Self.sample.get()
        var numbers = SeededNumbers(31)
        var (errors, answers) = (0, 0)
        func look(_ damaged: [UInt8]) {
            do throws(DatabaseError) {
                let database = try AdvisoryDatabase(bytes: damaged)
                for package in Self.packages { _ = try Matcher(database).match([package]) }
                _ = try database.sources()
                answers += 1
            } catch {
                errors += 1
            }
        }
        for place in 0..<256 {
            for value: UInt8 in [0, 0x7F, 0xFF] {
                var damaged = bytes
                damaged[place] = value
                look(damaged)
            }
        }
        for _ in 0..<1500 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...200, using: &numbers) {
                damaged[Int.random(in: 0..<damaged.count, using: &numbers)] = UInt8.random(
                    in: 0...255,
                    using: &numbers
                )
            }
            // With the header as it was, so that the rows are what is looked at.
            if Bool.random(using: &numbers) { damaged.replaceSubrange(0..<256, with: bytes[..<256]) }
            look(damaged)
        }
        #expect(errors > 100 && answers > 100)
    }

    @Test func `tells which names no advisory goes by, by id, by alias and by CVE`() throws {
        var builder = DatabaseBuilder()
        let records = """
            {"id": "GHSA-1", "aliases": ["CVE-2024-0001"], "affected": [{"package": {"ecosystem": "npm", "name": "CVE-2024-0009"}, "versions": ["1.0.0"]}]}
            {"id": "DEBIAN-CVE-2024-0002", "references": [{"type": "WEB", "url": "CVE-2024-0008"}], "affected": [{"package": {"ecosystem": "Debian:12", "name": "a"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}
            """
        _ = try AdvisoryImporter.importBytes(Array(records.utf8), name: "records.jsonl", into: &builder)
        let database = try AdvisoryDatabase(bytes: try builder.build())
        let known = ["GHSA-1", "CVE-2024-0001", "DEBIAN-CVE-2024-0002", "CVE-2024-0002"]
        #expect(try database.unknown(among: known) == [])
        // A package's name, a reference, parts of names.
        let unknown = ["CVE-2024-0009", "CVE-2024-0008", "CVE-2024-000", "2024-0002", "HSA-1", "GHSA-12", ""]
        #expect(try database.unknown(among: unknown + known) == unknown)
        #expect(try AdvisoryDatabase(bytes: try DatabaseBuilder().build()).unknown(among: ["x"]) == ["x"])
    }

    @Test func `keeps of a long record what has room`() throws {
        var advisory = Advisory(id: "X-1")
        advisory.summary = String(repeating: "é\n", count: 5000)
        advisory.aliases = (0..<500).map { "A-\($0)" }
        advisory.references =
            (0..<50).map { "https://example.org/\($0)" } + [String(repeating: "x", count: 5000)]
        advisory.affected = [.init(Ecosystem("npm"), "a", [VersionInterval()])]
        var builder = DatabaseBuilder()
        builder.add(advisory)
        let bytes = try builder.build()
        #expect(bytes.count < 4000)
        let found = try Matcher(AdvisoryDatabase(bytes: bytes)).match([
            InventoryPackage(Ecosystem("npm"), "a", "1.0.0")
        ])
        let facts = try #require(found.findings.first?.advisory)
        #expect(facts.summary.utf8.count <= 300 && facts.summary.hasPrefix("é é"))
        #expect(facts.aliases.count == 64 && facts.references.count == 8)
    }

    @Test func `holds the newer of two records of an advisory, whichever came first`() throws {
        func record(_ modified: String, _ fixed: String) -> String {
            """
            {"id": "X-1", "modified": "\(modified)", "summary": "\(fixed)", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "\(fixed)"}]}]}]}
            """
        }
        let records = [record("2024-01-01T00:00:00Z", "9.0.0"), record("2025-01-01T00:00:00Z", "2.0.0")]
        var files: [[UInt8]] = []
        for order in [records, records.reversed()] {
            var builder = DatabaseBuilder()
            for text in order {
                _ = try AdvisoryImporter.importBytes(Array(text.utf8), name: "x", into: &builder)
            }
            files.append(try builder.build())
            let found = try Matcher(AdvisoryDatabase(bytes: try builder.build())).match([
                InventoryPackage(Ecosystem("npm"), "a", "1.0.0")
            ])
            #expect(
                found.findings.map(\.fixed) == ["2.0.0"]
                    && found.findings.map(\.advisory.summary) == ["2.0.0"]
            )
        }
        #expect(files[0] == files[1])
    }
}
