import KilnAdvisories
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Scores` {
    /// Vectors with the scores that FIRST's calculator publishes for them.
    @Test(
        arguments: [
            ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
            ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0),
            ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", 8.8),
            ("AV:L/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.5),
            ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 6.9),
            ("AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.0),
            ("AV:N/AC:L/AT:N/PR:N/UI:P/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N/E:P", 2.1),
            ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10),
        ] as [(String, Double)]
    )
    func `of CVSS 4 are those of its calculator`(_ vector: String, _ score: Double) {
        #expect(CVSS.score(of: "CVSS:4.0/" + vector) == score)
        #expect(CVSS.severity(of: "CVSS:4.0/" + vector) == Severity(score: score))
    }

    @Test(arguments: [
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:S",
        "CVSS:4.0/AV:X/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:4.0/AV:N/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/", "CVSS:4.0/", "CVSS:5.0/AV:N", "",
        "/",
    ])
    func `of what is no whole vector are none`(_ vector: String) {
        #expect(CVSS.score(of: vector) == nil)
    }

    private static let peer = """
        import sys
        from cvss import CVSS3, CVSS4
        for line in sys.stdin:
            v = line.strip()
            print((CVSS4(v) if v.startswith("CVSS:4") else CVSS3(v)).base_score)
        """

    @Test(.enabled(if: Peers.hasVenv("cvss"), "needs the PyPI package cvss (scripts/install-deps tests)"))
    func `of any vector are those of an implementation in Python`() async throws {
        var numbers = SeededNumbers(40)
        func pick(_ text: String) -> String {
            String(Array(text)[Int.random(in: 0..<text.count, using: &numbers)])
        }
        let vectors = (0..<1500).map { number -> String in
            guard number % 3 > 0 else {
                return
                    "CVSS:3.1/AV:\(pick("NALP"))/AC:\(pick("LH"))/PR:\(pick("NLH"))/UI:\(pick("NR"))/S:\(pick("UC"))/C:\(pick("HLN"))/I:\(pick("HLN"))/A:\(pick("HLN"))"
            }
            var vector =
                "CVSS:4.0/AV:\(pick("NALP"))/AC:\(pick("LH"))/AT:\(pick("NP"))/PR:\(pick("NLH"))/UI:\(pick("NPA"))/VC:\(pick("HLN"))/VI:\(pick("HLN"))/VA:\(pick("HLN"))/SC:\(pick("HLN"))/SI:\(pick("HLN"))/SA:\(pick("HLN"))"
            if number % 2 == 0 {
                vector += "/E:\(pick("XAPU"))/CR:\(pick("XHML"))/IR:\(pick("XHML"))/AR:\(pick("XHML"))"
            }
            if number % 5 == 0 {
                vector +=
                    "/MAV:\(pick("XNALP"))/MVC:\(pick("XHLN"))/MSI:\(pick("XSHLN"))/MSA:\(pick("XSHLN"))"
            }
            return vector
        }
        let said = try await Peers.lines(
            Peers.venvPython,
            ["-c", Self.peer],
            input: vectors.joined(separator: "\n") + "\n"
        )
        #expect(said.count == vectors.count)
        for (vector, score) in zip(vectors, said) {
            #expect(CVSS.score(of: vector) == Double(score), "\(vector)")
        }
    }

    // MARK: NVD

    private static let feed = """
        {"resultsPerPage":4,"startIndex":0,"totalResults":4,"format":"NVD_CVE","version":"2.0","timestamp":"2026-11-01T00:00:00.000",
        "vulnerabilities":[
         {"cve":{"id":"CVE-2024-0001","metrics":{"cvssMetricV31":[
            {"type":"Secondary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N","baseSeverity":"LOW"}},
            {"type":"Primary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseSeverity":"CRITICAL"}}]}}},
         {"cve":{"id":"CVE-2008-0002","metrics":{"cvssMetricV2":[{"type":"Primary","cvssData":{"vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P"},"baseSeverity":"HIGH"}]}}},
         {"cve":{"id":"CVE-2024-0003","vulnStatus":"Rejected","metrics":{}}},
         {"cve":{"id":"CVE-2024-0004","metrics":{}}},
         {"cve":{}}]}
        """

    @Test func `of NVD count where Debian leaves it open, and nowhere else`() throws {
        var builder = DatabaseBuilder()
        let osv = { (id: String, urgency: String) in
            #"{"id":"\#(id)","affected":[{"package":{"ecosystem":"Debian:12","name":"\#(id.lowercased())"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}],"database_specific":{"urgency":"\#(urgency)"}}]}"#
        }
        let records = [
            osv("CVE-2024-0001", "not yet assigned"), osv("CVE-2008-0002", "low"), osv("CVE-2024-0004", ""),
        ]
        let report = try AdvisoryImporter.importBytes(Array(Self.feed.utf8), name: "nvd.json", into: &builder)
        #expect(report.format == .nvd && report.read == 5 && report.taken == 2)
        #expect(report.skipped == [.withdrawn: 1, .malformed: 1])
        _ = try AdvisoryImporter.importBytes(
            Array(records.joined(separator: "\n").utf8),
            name: "osv",
            into: &builder
        )
        let database = try AdvisoryDatabase(bytes: builder.build())
        let names = ["cve-2024-0001", "cve-2008-0002", "cve-2024-0004"]
        let found = try Matcher(database).match(
            names.map { InventoryPackage(Ecosystem("Debian:12"), $0, "1") }
        )
        let told = Dictionary(uniqueKeysWithValues: found.findings.map { ($0.vulnerability, $0.severity) })
        #expect(told == ["CVE-2024-0001": .critical, "CVE-2008-0002": .low, "CVE-2024-0004": .unknown])
        #expect(found.findings.first?.advisory.vector == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    }

    @Test func `of a feed that is broken anywhere end in a typed error or a count`() {
        var numbers = SeededNumbers(33)
        let bytes = Array(Self.feed.utf8)
        for _ in 0..<500 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                broken[Int.random(in: 0..<broken.count, using: &numbers)] = UInt8.random(
                    in: 0...255,
                    using: &numbers
                )
            }
            if Bool.random(using: &numbers) {
                broken.removeLast(Int.random(in: 0..<broken.count, using: &numbers))
            }
            var builder = DatabaseBuilder()
            do {
                _ = try AdvisoryImporter.importBytes(broken, name: "nvd.json", as: .nvd, into: &builder)
            } catch is ImportError {} catch { Issue.record("\(error)") }
        }
    }

    // MARK: Ended support

    private static let ended = """
        # comment
        wpewebkit\t2.38.6-1\t\t2023-05-09\thttps://bugs.debian.org/1035794
        php-horde.*  0  2025-03-22  incompatible with PHP 8
        wolfssl 5.5.4-2+deb12u2 2036-06-12 later
        broken line
        """

    @Test func `of support that ended are told by package and day`() throws {
        var builder = DatabaseBuilder()
        let report = try AdvisoryImporter.importBytes(
            Array(Self.ended.utf8),
            name: "security-support-ended.deb12",
            into: &builder
        )
        #expect(report.format == .debianSupport && report.taken == 3 && report.skipped == [.malformed: 1])
        let database = try AdvisoryDatabase(
            bytes: builder.build(date: Moment(parsing: "2026-11-26T00:00:00Z"))
        )
        let debian = Ecosystem("Debian:12")
        let result = try Matcher(database).match([
            InventoryPackage(debian, "libwpewebkit-1.1-0", "2.38.6-1", source: "wpewebkit"),
            InventoryPackage(debian, "php-horde-core", "2.31"),
            InventoryPackage(debian, "wolfssl", "5.5.4-2"),
            InventoryPackage(Ecosystem("Debian:11"), "wpewebkit", "2.38"),
            InventoryPackage(debian, "broken", "1"),
        ])
        #expect(result.unsupported.map(\.package.name) == ["libwpewebkit-1.1-0", "php-horde-core"])
        #expect(result.unsupported.first?.support.day.description == "2023-05-09")
    }
}
