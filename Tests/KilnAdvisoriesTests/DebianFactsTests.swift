import KilnAdvisories
import Testing

/// What follows from the lines of Debian's security tracker: the rules that Trivy goes by.
@Suite struct `Debian's tracker` {
    private static func verdict(
        _ line: DebianFacts.Line?,
        sid: DebianFacts.Line? = nil,
        archive: String? = nil,
        urgency: DebianUrgency = .none
    ) throws -> DebianFacts.Verdict {
        try DebianFacts(line: line, sid: sid, archive: archive, urgency: urgency).verdict()
    }

    @Test func `says nothing of what is not affected or not determined`() throws {
        #expect(try Self.verdict(.notAffected, sid: .fixed("1"), archive: "2") == .notAffected)
        #expect(try Self.verdict(.undetermined) == .undetermined)
        #expect(try Self.verdict(nil, sid: .notAffected, archive: "2") == .notAffected)
        #expect(try Self.verdict(nil, sid: .undetermined, archive: "2") == .undetermined)
    }

    @Test func `lets a release's own line go before sid's`() throws {
        let verdict = try Self.verdict(
            .fixed("1.0-1+deb12u1"),
            sid: .fixed("2.0-1"),
            archive: "1.0-1+deb12u1"
        )
        #expect(verdict == .vulnerable(before: "1.0-1+deb12u1", .fixed, reason: nil))
    }

    @Test func `counts sid's fix for a release without a line that has come that far`() throws {
        #expect(
            try Self.verdict(nil, sid: .fixed("5.0-2"), archive: "5.0-4")
                == .vulnerable(before: "5.0-2", .fixed, reason: nil)
        )
        #expect(
            try Self.verdict(nil, sid: .fixed("5.0-4"), archive: "5.0-4")
                == .vulnerable(before: "5.0-4", .fixed, reason: nil)
        )
        #expect(
            try Self.verdict(nil, sid: .fixed("5.0-5"), archive: "5.0-4")
                == .vulnerable(before: nil, .affected, reason: "unfixed")
        )
        #expect(
            try Self.verdict(nil, sid: .open("unfixed"), archive: "5.0-4")
                == .vulnerable(before: nil, .affected, reason: "unfixed")
        )
        #expect(
            try Self.verdict(nil, sid: .fixed("1")) == .vulnerable(before: nil, .affected, reason: "unfixed")
        )
    }

    @Test(arguments: [
        ("unfixed", AdvisoryStatus.affected), ("no-dsa", .affected), ("postponed", .fixDeferred),
        ("ignored", .fixDeferred), ("end-of-life", .endOfLife),
    ])
    func `reports what is open, with its kind`(_ word: String, _ status: AdvisoryStatus) throws {
        #expect(
            try Self.verdict(.open(word), sid: .fixed("2.0-1"), archive: "1.0-1")
                == .vulnerable(before: nil, status, reason: word)
        )
        // The archive has come to carry sid's fix since the line was written.
        #expect(
            try Self.verdict(.open(word), sid: .fixed("2.0-1"), archive: "2.0-1")
                == .vulnerable(before: "2.0-1", .fixed, reason: nil)
        )
    }

    @Test func `calls what has no support any more so`() throws {
        #expect(
            try Self.verdict(.open("unfixed"), urgency: .endOfLife)
                == .vulnerable(before: nil, .endOfLife, reason: "unfixed")
        )
    }

    @Test func `does not take a fix for one that the archive does not have yet`() throws {
        guard
            case .vulnerable(nil, .affected, let reason?) = try Self.verdict(
                .fixed("1.0-3"),
                archive: "1.0-2"
            )
        else {
            Issue.record("a fix that nobody can install")
            return
        }
        #expect(reason.contains("1.0-3"))
        #expect(
            try Self.verdict(.fixed("1.0-2"), archive: "1.0-2")
                == .vulnerable(before: "1.0-2", .fixed, reason: nil)
        )
    }

    @Test func `has urgencies with stars`() {
        #expect(DebianUrgency(parsing: "low**") == .low)
        #expect(DebianUrgency(parsing: "not yet assigned") == .notYetAssigned)
        #expect(DebianUrgency(parsing: "end-of-life") == .endOfLife)
        #expect(DebianUrgency(parsing: "") == DebianUrgency.none)
    }

    private static let tracker = """
        {"curl": {
          "CVE-2024-1": {"description": "one \\"}] \\\\", "tags": ["a", [{"b": 1}]], "releases": {
            "bookworm": {"status": "resolved", "repositories": {"bookworm": "7.88.1-10", "bookworm-security": "7.88.1-10+deb12u5"}, "fixed_version": "7.88.1-10+deb12u4", "urgency": "medium"},
            "sid": {"status": "resolved", "repositories": {"sid": "8.0-1"}, "fixed_version": "8.0-1", "urgency": "medium"}}},
          "CVE-2024-2": {"releases": {
            "bookworm": {"status": "open", "repositories": {"bookworm": "7.88.1-10"}, "urgency": "not yet assigned", "nodsa": "Minor issue", "nodsa_reason": "postponed"},
            "sid": {"status": "open", "repositories": {"sid": "8.0-1"}, "urgency": "not yet assigned"}}},
          "CVE-2024-3": {"releases": {
            "bookworm": {"status": "resolved", "repositories": {}, "fixed_version": "0", "urgency": "unimportant"},
            "sid": {"status": "resolved", "repositories": {}, "fixed_version": "0", "urgency": "unimportant"}}},
          "CVE-2024-4": {"releases": {"sid": {"status": "resolved", "repositories": {"sid": "8.0-1"}, "fixed_version": "7.50-1", "urgency": "low"}}},
          "CVE-2024-5": {"releases": {"bookworm": {"status": "undetermined", "repositories": {}, "urgency": "low"}, "moon": {"status": "open", "urgency": "low"}}},
          "CVE-2024-6": {"releases": {"bookworm": {"status": "open", "repositories": {}, "urgency": "high", "nodsa": "x", "nodsa_reason": ""}}},
          "CVE-2024-7": {"scope": "local"}
        },
        "zlib": "none", "list": [1, [2], {"a": "]"}], "number": 17 }
        """

    @Test func `is imported as a whole, source by source`() throws {
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importBytes(Array(Self.tracker.utf8), name: "json", into: &builder)
        #expect(report.format == .debianTracker)
        #expect(report.read == 7)
        #expect(report.taken == 4)
        #expect(report.skipped == [.notAffected: 1, .undetermined: 1, .release: 1, .malformed: 1])
        let matcher = Matcher(try AdvisoryDatabase(bytes: try builder.build()))
        let found = try matcher.match([InventoryPackage(Ecosystem("Debian:12"), "curl", "7.40-1")]).findings
        let facts = Dictionary(uniqueKeysWithValues: found.map { ($0.vulnerability, $0) })
        #expect(facts.keys.sorted() == ["CVE-2024-1", "CVE-2024-2", "CVE-2024-4", "CVE-2024-6"])
        #expect(facts["CVE-2024-1"]?.fixed == "7.88.1-10+deb12u4")
        #expect(facts["CVE-2024-1"]?.severity == .medium)
        #expect(facts["CVE-2024-2"]?.status == .fixDeferred && facts["CVE-2024-2"]?.reason == "postponed")
        #expect(facts["CVE-2024-4"]?.fixed == "7.50-1")
        #expect(facts["CVE-2024-6"]?.status == .affected && facts["CVE-2024-6"]?.reason == "no-dsa")
        let later = try matcher.match([InventoryPackage(Ecosystem("Debian:12"), "curl", "7.88.1-10+deb12u4")])
        #expect(later.findings.map(\.vulnerability).sorted() == ["CVE-2024-2", "CVE-2024-6"])
        #expect(later.mended == 2)
    }

    /// gzip's stored blocks come one by one, so that pieces end anywhere in the text.
    @Test func `is read the same in whatever pieces it comes`() throws {
        var whole = DatabaseBuilder()
        _ = try AdvisoryImporter.importBytes(Array(Self.tracker.utf8), name: "json", into: &whole)
        for size in [1, 2, 7, 400] {
            var builder = DatabaseBuilder()
            _ = try AdvisoryImporter.importBytes(
                GzipPieces.of(Array(Self.tracker.utf8), size: size),
                name: "json",
                into: &builder
            )
            let (pieces, all) = (builder.advisoryCount, whole.advisoryCount)
            #expect(pieces == all)
            let found = try Matcher(AdvisoryDatabase(bytes: builder.build())).match([
                InventoryPackage(Ecosystem("Debian:12"), "curl", "7.40-1")
            ])
            #expect(found.findings.count == 4)
        }
    }

    @Test func `has rows of its own in OSV's form`() throws {
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importFile(
            Fixtures.path("debian12-tracker-sample.osv.jsonl.zst"),
            into: &builder
        )
        #expect(report.read == 11 && report.taken == 10 && report.skipped == [.notAffected: 1])
        let matcher = Matcher(try AdvisoryDatabase(bytes: try builder.build()))
        func finding(_ source: String, _ version: String) throws -> Finding? {
            try matcher.match([InventoryPackage(Ecosystem("Debian:12"), source, version)]).findings.first
        }
        #expect(try finding("coreutils", "9.1-1")?.status == .fixDeferred)
        #expect(try finding("coreutils", "9.1-1")?.reason == "ignored")
        #expect(try finding("apt", "2.6.1")?.severity == .low)
        #expect(try finding("xz-utils", "5.4.1-1") == nil)
        #expect(try finding("flatpak", "1.14.4-1")?.fixed == "1.14.10-1~deb12u1")
        #expect(try finding("zlib", "1:1.2.13.dfsg-1")?.fixed == nil)
    }

    @Test func `knows when a release ends`() throws {
        let bookworm = try #require(DebianRelease.named("bookworm"))
        let last = try #require(CalendarDate(parsing: "2028-06-10"))
        #expect(bookworm.ecosystem == Ecosystem("Debian:12"))
        #expect(!bookworm.isEnded(on: last))
        #expect(bookworm.isEnded(on: try #require(CalendarDate(parsing: "2028-06-11"))))
        #expect(DebianRelease.named("bullseye")?.endOfLife?.description == "2026-08-14")
    }
}
