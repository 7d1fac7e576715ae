import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Imports of advisories` {
    @Test(
        arguments: [
            ("debian12-fixed.osv.jsonl.zst", 6859, 6859, [:]),
            ("go-2026-08.osv.jsonl.zst", 4291, 4274, [.withdrawn: 17]),
            ("npm-nodejs-wg-2016-2022.osv.jsonl.zst", 467, 467, [:]),
            ("pypi-2024-10.osv.jsonl.zst", 2661, 2649, [.withdrawn: 10, .version: 2]),
            ("rustsec-2026-08.osv.jsonl.zst", 1205, 1192, [.withdrawn: 13]),
        ] as [(String, Int, Int, [ImportReport.Skip: Int])]
    )
    func `take what each data set holds`(
        _ name: String,
        _ read: Int,
        _ taken: Int,
        _ skipped: [ImportReport.Skip: Int]
    ) throws {
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importFile(Fixtures.path(name), into: &builder)
        #expect(report.format == .osv)
        #expect(report.read == read)
        #expect(report.taken == taken)
        #expect(report.skipped == skipped, "\(report.faults)")
    }

    @Test func `take the list of what is exploited, as lines and as JSON`() throws {
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importFile(Fixtures.path("kev-2025-08.txt.zst"), into: &builder)
        #expect(report.format == .exploited && report.read == 1404 && report.taken == 1404)
        let json =
            #"{"catalogVersion": "2025", "vulnerabilities": [{"cveID": "CVE-2024-0001"}, {"cveID": "x"}]}"#
        let told = try AdvisoryImporter.importBytes(Array(json.utf8), name: "kev.json", into: &builder)
        #expect(told.taken == 1 && told.skipped == [.malformed: 1])
        #expect(builder.exploited.count == 1405)
    }

    @Test func `mark what is exploited, whatever came first`() throws {
        let record =
            #"{"id": "GHSA-1", "aliases": ["CVE-2024-0001"], "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}"#
        for order in [[record, "CVE-2024-0001\n"], ["CVE-2024-0001\n", record]] {
            var builder = DatabaseBuilder()
            for text in order {
                _ = try AdvisoryImporter.importBytes(Array(text.utf8), name: "x", into: &builder)
            }
            let found = try Matcher(AdvisoryDatabase(bytes: builder.build())).match([
                InventoryPackage(Ecosystem("npm"), "a", "1.0.0")
            ])
            #expect(found.findings.map(\.advisory.isExploited) == [true])
            #expect(found.findings.map(\.vulnerability) == ["CVE-2024-0001"])
        }
    }

    @Test func `keep what one advisory says of several vulnerabilities apart`() throws {
        let record =
            #"{"id": "DSA-1-1", "upstream": ["CVE-2024-0001", "CVE-2024-0002"], "affected": [{"package": {"ecosystem": "Debian:12", "name": "a"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}"#
        var builder = DatabaseBuilder()
        for text in [record, "CVE-2024-0002\n"] {
            _ = try AdvisoryImporter.importBytes(Array(text.utf8), name: "x", into: &builder)
        }
        let found = try Matcher(AdvisoryDatabase(bytes: builder.build())).match([
            InventoryPackage(Ecosystem("Debian:12"), "a", "1")
        ]).findings
        #expect(Set(found.map(\.vulnerability)) == ["CVE-2024-0001", "CVE-2024-0002"])
        #expect(found.filter(\.advisory.isExploited).map(\.vulnerability) == ["CVE-2024-0002"])
        func left(ignoring id: String) throws -> [String] {
            let entry = try IgnoreEntry(id: id, reason: "not reachable", expires: "2099-01-01")
            let today = try #require(CalendarDate(parsing: "2026-11-26"))
            return Judgement(found, ignoring: [entry], today: today).findings.map(\.vulnerability)
        }
        #expect(try left(ignoring: "CVE-2024-0001") == ["CVE-2024-0002"])
        #expect(try left(ignoring: "DSA-1-1") == [])
    }

    @Test func `name what is malformed and go on`() throws {
        let lines = [
            #"{"affected": [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}], "id": "X-1"}"#,
            #"{"id": "X-2", "affected": [{"package": {"ecosystem": "npm"}}]}"#,
            #"{"id": "X-3", "affected": ["#, #"{"affected": []}"#,
            #"{"id": "X-5", "affected": [{"package": {"ecosystem": "Mystery", "name": "a"}, "versions": ["1"]}]}"#,
            #"{"id": "X-6", "affected": [{"package": {"ecosystem": "npm", "name": "b"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "what"}]}]}]}"#,
        ]
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importBytes(
            Array(lines.joined(separator: "\n").utf8),
            name: "x",
            into: &builder
        )
        #expect(report.read == 6 && report.taken == 1)
        #expect(report.skipped == [.malformed: 3, .ecosystem: 1, .version: 1])
        #expect(report.faults.contains { $0.hasPrefix("line 3: it ends too early") })
        #expect(report.faults.contains { $0.hasPrefix("X-6: b: ") })
    }

    @Test(arguments: [
        "", "hello", "{}", "[1, 2]", #"{"id": "#, #"{"curl": {"CVE-1": {"releases": {}}, "x"#, "\u{1F}\u{0}",
        #"{"id": 1}"#,
    ])
    func `of what is malformed as a whole fail`(_ text: String) {
        var builder = DatabaseBuilder()
        #expect(throws: ImportError.self) {
            try AdvisoryImporter.importBytes(Array(text.utf8), name: "x", into: &builder)
        }
    }

    @Test func `of a stream that is cut off fail`() throws {
        let bytes = Array(try Files.read(Fixtures.path("go-2026-08.osv.jsonl.zst")).dropLast(1000))
        var builder = DatabaseBuilder()
        #expect(throws: ImportError.self) {
            try AdvisoryImporter.importBytes(bytes, name: "x", into: &builder)
        }
    }

    @Test func `compute the level of a CVSS vector`() throws {
        // Scores of FIRST's own examples and NVD's.
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
            ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
            ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            #expect(CVSS3.baseScore(of: vector) == score, "\(vector)")
        }
        #expect(CVSS3.baseScore(of: "CVSS:4.0/AV:N/AC:L") == nil)
        #expect(CVSS3.baseScore(of: "CVSS:3.1/AV:N/AC:L") == nil)
        #expect(
            Severity(score: 9.8) == .critical && Severity(score: 6.4) == .medium
                && Severity(score: 0) == .unknown
        )
    }

    // MARK: Zip

    private static let record =
        #"{"id": "ID", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1.0"]}]}"#

    @Test(.enabled(if: Peers.has("zip"), "needs zip"), arguments: [["-0"], ["-9"]])
    func `read zip archives of zip's own`(_ options: [String]) async throws {
        try await Sandbox.with { sandbox in
            for number in 0..<40 {
                let text = Self.record.split(separator: "ID").joined(separator: "PYSEC-\(number)")
                try sandbox.write(
                    text + String(repeating: " ", count: number * 2000),
                    to: "in/\(number).json"
                )
            }
            try sandbox.write("x", to: "in/README")
            let file = sandbox.path.appending("all.zip")
            try await ToolRunner().run(
                ToolInvocation(
                    "zip",
                    options + ["-q", "-r", file.string, "."],
                    workingDirectory: sandbox.path.appending("in")
                )
            )
            var builder = DatabaseBuilder()
            let report = try AdvisoryImporter.importFile(file, into: &builder)
            #expect(report.format == .osvZip && report.read == 40 && report.taken == 40)
            let bytes = try Files.read(file)
            var numbers = SeededNumbers(8)
            for _ in 0..<100 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                    damaged[Int.random(in: 0..<damaged.count, using: &numbers)] = UInt8.random(
                        in: 0...255,
                        using: &numbers
                    )
                }
                if Bool.random(using: &numbers) {
                    damaged.removeLast(Int.random(in: 0..<damaged.count, using: &numbers))
                }
                let other = sandbox.path.appending("damaged.zip")
                try Files.write(damaged, to: other, synced: false)
                var spoilt = DatabaseBuilder()
                // Read in part or refused, and never a crash.
                do { _ = try AdvisoryImporter.importFile(other, into: &spoilt) } catch is ImportError {}
            }
        }
    }

    @Test func `come to the same whatever the order of the files`() throws {
        var (forward, backward) = (DatabaseBuilder(), DatabaseBuilder())
        for name in Fixtures.osv { _ = try AdvisoryImporter.importFile(Fixtures.path(name), into: &forward) }
        for name in Fixtures.osv.reversed() {
            _ = try AdvisoryImporter.importFile(Fixtures.path(name), into: &backward)
        }
        #expect(try forward.build() == backward.build())
    }
}
