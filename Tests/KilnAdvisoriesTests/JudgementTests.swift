import KilnAdvisories
import KilnOCI
import Testing

/// Findings to judge and to report, from real data.
enum Samples {
    static let today = CalendarDate(parsing: "2026-11-25")

    static func result() throws -> MatchResult {
        var policy = Matcher.Policy()
        policy.grouping = .source
        let packages = [
            InventoryPackage(Ecosystem("Debian:12"), "libexpat1", "2.5.0-1", source: "expat"),
            InventoryPackage(Ecosystem("Debian:12"), "tar", "1.34+dfsg-1.2"),
            InventoryPackage(Ecosystem("npm"), "hapi", "11.1.3"),
            InventoryPackage(Ecosystem("PyPI"), "zstd", "not <a> version"),
            InventoryPackage(Ecosystem("PyPI"), "aiohttp", "3.8.0"),
            InventoryPackage(Ecosystem("Go"), "github.com/gin-gonic/gin", "v1.5.0"),
        ]
        return try Matcher(Fixtures.everything.get(), policy: policy).match(packages)
    }

    static func report() throws -> ScanReport {
        let result = try result()
        let entries = [
            try IgnoreEntry(id: "CVE-2005-2541", reason: "tar runs as nobody", expires: "2027-01-31"),
            try IgnoreEntry(id: "CVE-2024-45490", package: "expat", reason: "over", expires: "2026-11-24"),
            try IgnoreEntry(id: "CVE-1999-0001", reason: "none such", expires: "2027-01-31"),
        ]
        let vex = try VexDocument(parsing: Array(VexTests.document.utf8))
        let database = try Fixtures.everything.get()
        var report = ScanReport(
            subject: "shop|1.4",
            imageDigest: Digest(of: "image"),
            database: database,
            packages: 6,
            result: result,
            judgement: Judgement(result.findings, ignoring: entries, vex: [vex], today: try #require(today))
        )
        report.endOfLife = CalendarDate(parsing: "2026-08-14")
        return report
    }
}

@Suite struct `Judgements` {
    private static func judge(_ entries: [IgnoreEntry], today: String = "2026-11-25") throws -> Judgement {
        Judgement(
            try Samples.result().findings,
            ignoring: entries,
            today: try #require(CalendarDate(parsing: today))
        )
    }

    @Test func `order severities from the least to the worst`() {
        #expect(Severity.allCases.sorted() == [.unknown, .negligible, .low, .medium, .high, .critical])
        #expect(
            Severity(parsing: "MODERATE") == .medium && Severity(parsing: "Important") == .high
                && Severity(parsing: "bad") == nil
        )
    }

    @Test func `set what is ignored aside until its last day, and keep it`() throws {
        let all = try Samples.result().findings
        let entry = try IgnoreEntry(id: "CVE-2005-2541", reason: "not reachable", expires: "2026-11-25")
        let judgement = try Self.judge([entry])
        #expect(judgement.suppressed.map(\.finding.vulnerability) == ["CVE-2005-2541"])
        #expect(judgement.suppressed.map(\.reason) == ["not reachable (until 2026-11-25)"])
        #expect(
            judgement.findings.count == all.count - 1 && judgement.expired == [] && judgement.unused == []
        )
        let later = try Self.judge([entry], today: "2026-11-26")
        #expect(later.suppressed == [] && later.expired == [entry] && later.findings == all)
    }

    @Test func `ignore by any name, for one package or for all`() throws {
        let findings = try Samples.result().findings
        let gin = try #require(findings.first { $0.advisory.id == "GO-2020-0001" })
        for name in ["GO-2020-0001", "CVE-2020-36567", "GHSA-6vm3-jj99-7229"] {
            #expect(gin.names.contains(name))
            #expect(
                try Self.judge([try IgnoreEntry(id: name, reason: "r", expires: "2027-01-01")]).suppressed
                    .map(\.finding) == [gin]
            )
        }
        let other = try IgnoreEntry(id: "GO-2020-0001", package: "tar", reason: "r", expires: "2027-01-01")
        #expect(try Self.judge([other]).suppressed == [] && Self.judge([other]).unused == [other])
        let source = try IgnoreEntry(
            id: "CVE-2024-45490",
            package: "expat",
            reason: "r",
            expires: "2027-01-01"
        )
        #expect(try Self.judge([source]).suppressed.map(\.finding.package.name) == ["libexpat1"])
    }

    @Test(
        arguments: [
            ("", "r", "2027-01-01", IgnoreEntry.Fault.missingID),
            ("CVE-1", nil, "2027-01-01", .missingReason), ("CVE-1", "  ", "2027-01-01", .missingReason),
            ("CVE-1", "r", nil, .missingExpiry),
            ("CVE-1", "r", "", .missingExpiry), ("CVE-1", "r", "2027-02-29", .badExpiry("2027-02-29")),
            ("CVE-1", "r", "soon", .badExpiry("soon")), ("CVE-1", "r", "2027-1-1", .badExpiry("2027-1-1")),
        ] as [(String, String?, String?, IgnoreEntry.Fault)]
    )
    func `ignore nothing without a reason and a day`(
        _ id: String,
        _ reason: String?,
        _ day: String?,
        _ fault: IgnoreEntry.Fault
    ) {
        #expect(throws: fault) { try IgnoreEntry(id: id, reason: reason, expires: day) }
    }

    @Test func `let pass what is below the gate, and nothing that is exploited`() throws {
        let records = [
            #"{"id": "CVE-2024-0001", "database_specific": {"severity": "LOW"}, "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}"#,
            #"{"id": "CVE-2024-0002", "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}"#,
            #"{"id": "CVE-2024-0003", "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]}]}"#,
        ]
        var builder = DatabaseBuilder()
        for text in [records.joined(separator: "\n"), "CVE-2024-0001\n"] {
            _ = try AdvisoryImporter.importBytes(Array(text.utf8), name: "x", into: &builder)
        }
        let matcher = Matcher(try AdvisoryDatabase(bytes: try builder.build()))
        let findings = try matcher.match([InventoryPackage(Ecosystem("npm"), "a", "1.0.0")]).findings
        let judgement = Judgement(findings, today: try #require(Samples.today))
        func refused(_ gate: FindingGate) -> [String] {
            gate.refused(judgement).map { String($0.vulnerability.suffix(1)) }
        }
        #expect(refused(FindingGate(severity: .high)) == ["2", "3", "1"])
        #expect(refused(FindingGate(severity: .high, countsUnfixed: false)) == ["3", "1"])
        #expect(refused(FindingGate(severity: .high, countsUnfixed: false, refusesExploited: false)) == ["3"])
        #expect(refused(FindingGate(severity: .critical, refusesExploited: false)) == [])
        let entry = try IgnoreEntry(id: "CVE-2024-0003", reason: "r", expires: "2027-01-01")
        let ignored = Judgement(findings, ignoring: [entry], today: try #require(Samples.today))
        #expect(
            FindingGate(severity: .high, countsUnfixed: false, refusesExploited: false).refused(ignored) == []
        )
    }

    @Test func `know the calendar`() throws {
        for day in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "1970-01-01"] {
            let date = try #require(CalendarDate(parsing: day))
            #expect(date.description == day && CalendarDate(dayNumber: date.dayNumber) == date)
        }
        for day in [
            "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "20240101", "-024-01-01",
        ] { #expect(CalendarDate(parsing: day) == nil) }
        #expect(CalendarDate(parsing: "1970-01-01")?.dayNumber == 0)
        for (text, shown) in [
            ("2023-07-25 16:31:58.309647+00:00", "2023-07-25T16:31:58Z"),
            ("2021-09-26T23:32:08.989778Z", "2021-09-26T23:32:08Z"),
            ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"), ("2024-02-29", "2024-02-29T00:00:00Z"),
        ] { #expect(Moment(parsing: text)?.description == shown) }
        for text in [
            "0001-01-01T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T00:00", "2024-01-01T00:00:00X", "",
        ] { #expect(Moment(parsing: text) == nil) }
    }
}

@Suite struct `OpenVEX` {
    @Test func `sets aside what it says is not affected or fixed`() throws {
        let findings = try Samples.result().findings
        let document = try VexDocument(parsing: Array(VexTests.document.utf8))
        let judgement = Judgement(findings, vex: [document], today: try #require(Samples.today))
        #expect(judgement.suppressed.map(\.finding.vulnerability) == ["CVE-2020-36567"])
        #expect(
            judgement.suppressed.map(\.reason) == ["VEX: not affected: vulnerable code not in execute path"]
        )
    }

    @Test func `goes by the newest statement`() throws {
        let finding = try #require(try Samples.result().findings.first { $0.advisory.id == "GO-2020-0001" })
        func document(_ status: VexStatement.Status, _ time: Int64) -> VexDocument {
            let statement = VexStatement(
                "CVE-2020-36567",
                status,
                products: [.init(id: "pkg:golang/github.com/gin-gonic/gin")]
            )
            return VexDocument(
                id: "x",
                author: "a",
                timestamp: Moment(seconds: time),
                statements: [statement]
            )
        }
        let today = try #require(Samples.today)
        for documents in [
            [document(.affected, 1), document(.fixed, 2)], [document(.fixed, 2), document(.affected, 1)],
        ] {
            #expect(Judgement([finding], vex: documents, today: today).findings == [])
        }
        #expect(
            Judgement([finding], vex: [document(.fixed, 1), document(.underInvestigation, 2)], today: today)
                .findings == [finding]
        )
    }

    @Test(arguments: [
        ("pkg:golang/github.com/gin-gonic/gin@v1.5.0", true), ("pkg:golang/github.com/gin-gonic/gin", true),
        ("pkg:golang/github.com/gin-gonic/gin@v1.4.0", false), ("pkg:npm/gin", false), ("gin", false),
        ("pkg:golang/github.com%2Fgin-gonic/gin?type=module#x", true),
    ])
    func `means products by their package URL`(_ id: String, _ isMeant: Bool) throws {
        let finding = try #require(try Samples.result().findings.first { $0.advisory.id == "GO-2020-0001" })
        let document = VexDocument(
            id: "x",
            author: "a",
            timestamp: Moment(seconds: 0),
            statements: [VexStatement("GO-2020-0001", .fixed, products: [.init(id: id)])]
        )
        #expect(
            Judgement([finding], vex: [document], today: try #require(Samples.today)).findings.isEmpty
                == isMeant
        )
    }

    @Test func `about an image means what is in that image`() throws {
        let finding = try #require(try Samples.result().findings.first { $0.advisory.id == "GO-2020-0001" })
        let today = try #require(Samples.today)
        func isMeant(_ subject: String?, _ parts: [String]) -> Bool {
            let statement = VexStatement(
                "GO-2020-0001",
                .fixed,
                products: [.init(id: "shop", subcomponents: parts)]
            )
            let document = VexDocument(
                id: "x",
                author: "a",
                timestamp: Moment(seconds: 0),
                statements: [statement]
            )
            return Judgement([finding], vex: [document], subject: subject, today: today).findings.isEmpty
        }
        #expect(isMeant("shop", []) && isMeant("shop", ["pkg:golang/github.com/gin-gonic/gin"]))
        #expect(!isMeant("shop", ["pkg:npm/gin"]) && !isMeant("other", []) && !isMeant(nil, []))
    }

    @Test func `is read as it was written`() throws {
        let report = try Samples.report()
        let moment = try #require(Moment(parsing: "2026-11-25T12:00:00Z"))
        let document = VexDocument(
            report,
            id: "https://example.org/vex/1",
            author: "shop team",
            timestamp: moment
        )
        let text = try document.rendered()
        #expect(try VexDocument(parsing: Array(text.utf8)) == document)
        #expect(try document.rendered() == text)
        #expect(
            document.statements.count == report.judgement.findings.count + report.judgement.suppressed.count
        )
        #expect(document.statements.allSatisfy { $0.status != .affected || $0.action != nil })
    }

    @Test(arguments: [
        ("{", "syntax"), ("{}", "@context"), (#"{"@context": "https://openvex.dev/ns"}"#, "context"),
        (
            #"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2024-01-01", "statements": [{"vulnerability": {"name": "C"}, "status": "fine"}]}"#,
            "status"
        ),
        (
            #"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2024-01-01", "statements": [{"vulnerability": {"name": "C"}, "status": "not_affected"}]}"#,
            "unjustified"
        ),
        (
            #"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2024-01-01", "statements": [{"vulnerability": {"name": "C"}, "status": "fixed", "justification": "x"}]}"#,
            "justification"
        ),
    ])
    func `that is none is refused`(_ text: String, _ what: String) {
        #expect { try VexDocument(parsing: Array(text.utf8)) } throws: { "\($0)".contains(what) }
    }
}

enum VexTests {
    static let document = """
        {
          "@context": "https://openvex.dev/ns/v0.2.0",
          "@id": "https://example.org/vex/shop",
          "author": "shop team",
          "timestamp": "2026-11-01T00:00:00Z",
          "version": 3,
          "statements": [
            {"vulnerability": {"name": "CVE-2020-36567"}, "products": [{"@id": "pkg:golang/github.com/gin-gonic/gin"}],
             "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"},
            {"vulnerability": {"name": "CVE-2024-45490"}, "products": [{"@id": "pkg:deb/debian/libexpat1"}], "status": "under_investigation"}
          ]
        }
        """
}
