import KilnAdvisories
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Reports` {
    private static let sarif = Result {
        try SARIFReport.render(try Samples.report(), location: "kiln.yaml", version: "0.1.0")
    }

    @Test func `are these texts, byte for byte`() throws {
        let report = try Samples.report()
        let golden = Golden.directory()
        try Golden.expect(JSONReport.render(report), matches: golden.appending("report.json"))
        try Golden.expect(Self.sarif.get(), matches: golden.appending("report.sarif"))
        try Golden.expect(JUnitReport.render(report), matches: golden.appending("report.xml"))
        try Golden.expect(MarkdownReport.render(report), matches: golden.appending("report.md"))
        #expect(
            try Self.sarif.get()
                == SARIFReport.render(try Samples.report(), location: "kiln.yaml", version: "0.1.0")
        )
    }

    @Test func `name the image and the database that they come from`() throws {
        let report = try Samples.report()
        for text in [
            try JSONReport.render(report), try Self.sarif.get(), JUnitReport.render(report),
            MarkdownReport.render(report),
        ] {
            #expect(text.contains(Digest(of: "image").description))
            #expect(text.contains(try Fixtures.everything.get().digest.description))
            #expect(
                text.contains(report.databaseDigest.description)
                    && text.contains(report.databaseDate.description)
            )
        }
    }

    @Test func `in JSON hold all findings, also those set aside`() throws {
        let report = try Samples.report()
        let value = try JSONValue(parsing: Array(try JSONReport.render(report).utf8)[...])
        #expect(value["findings"]?.items.count == report.judgement.findings.count)
        #expect(
            value["suppressed"]?.items.compactMap { $0["vulnerability"]?.text }.sorted() == [
                "CVE-2005-2541", "CVE-2020-36567",
            ]
        )
        #expect(value["expiredIgnores"]?.items.compactMap { $0["id"]?.text } == ["CVE-2024-45490"])
        #expect(value["unusedIgnores"]?.items.compactMap { $0["id"]?.text } == ["CVE-1999-0001"])
        #expect(value["unjudged"]?.items.compactMap { $0["package"]?.text } == ["zstd"])
    }

    @Test func `in SARIF have a rule for each result, and levels that SARIF knows`() throws {
        let value = try JSONValue(parsing: Array(try Self.sarif.get().utf8)[...])
        #expect(value["version"]?.text == "2.1.0")
        let run = try #require(value["runs"]?.items.first)
        let rules = try #require(run["tool"]?["driver"]?["rules"]?.items)
        let results = try #require(run["results"]?.items)
        #expect(results.count > 30 && rules.count > 30)
        #expect(Set(rules.compactMap { $0["id"]?.text }).count == rules.count)
        for result in results {
            guard case .number(let index)? = result["ruleIndex"], let place = Int(index) else {
                Issue.record("no rule index")
                continue
            }
            #expect(rules[place]["id"] == result["ruleId"])
            #expect(["error", "warning", "note"].contains(result["level"]?.text))
            #expect(
                result["locations"]?.items.first?["physicalLocation"]?["artifactLocation"]?["uri"]?.text
                    == "kiln.yaml"
            )
        }
        #expect(results.count { $0["suppressions"] != nil } == 2)
    }

    private static let validate = """
        import json, sys, jsonschema
        schema, report = json.load(open(sys.argv[1])), json.load(sys.stdin)
        cls = jsonschema.validators.validator_for(schema)
        for e in cls(schema, format_checker=jsonschema.FormatChecker()).iter_errors(report):
            print("/".join(map(str, e.absolute_path)), e.message[:200])
        """

    @Test(.enabled(if: Files.exists("/usr/lib/python3/dist-packages/jsonschema"), "needs python3-jsonschema"))
    func `in SARIF hold to its schema`() async throws {
        try await Sandbox.with { sandbox in
            let schema = try sandbox.write(
                try Fixtures.text("sarif-schema-2.1.0.json.zst"),
                to: "schema.json"
            )
            let arguments = ["-c", Self.validate, schema.string]
            #expect(try await Peers.lines("/usr/bin/python3", arguments, input: try Self.sarif.get()) == [])
            #expect(try await Peers.lines("/usr/bin/python3", arguments, input: #"{"version": "2.0"}"#) != [])
        }
    }

    @Test(.enabled(if: Peers.has("python3"), "needs python3"))
    func `in XML are well-formed, whatever is in them`() async throws {
        var report = try Samples.report()
        report.subject = "<&\"'>\u{1}\u{FFFF}é\n]]>"
        let parse =
            "import sys, xml.etree.ElementTree as e; r = e.fromstring(sys.stdin.buffer.read()); print(r.get('failures'), len(r.findall('.//failure')), len(r.findall('.//skipped')))"
        let said = try await Peers.lines("python3", ["-c", parse], input: JUnitReport.render(report))
        let failures = report.judgement.findings.count
        #expect(said == ["\(failures) \(failures) 2"])
    }

    @Test func `of nothing say so`() throws {
        var report = try Samples.report()
        report.judgement = Judgement([], today: try #require(Samples.today))
        #expect(MarkdownReport.render(report).contains("**no vulnerabilities**"))
        #expect(
            JUnitReport.render(report).contains(
                "<testcase classname=\"shop|1.4\" name=\"no vulnerabilities\"/>"
            )
        )
        #expect(
            try SARIFReport.render(report, location: "kiln.yaml", version: "1").contains(
                "\"results\" : [\n\n"
            )
        )
    }

    @Test func `in SARIF name files as URIs`() throws {
        let text = try SARIFReport.render(try Samples.report(), location: "my shop/kiln.yaml", version: "1")
        #expect(text.contains("\"uri\" : \"my%20shop/kiln.yaml\""))
    }

    @Test func `in Markdown let no text of an advisory be markup`() throws {
        let text = MarkdownReport.render(try Samples.report())
        #expect(text.contains("## Scan of shop\\|1.4\n"))
        #expect(text.contains("not \\<a\\> version"))
        for row in text.split(separator: "\n") where row.hasPrefix("| ") && row.contains("CVE-2024") {
            #expect(row.split(separator: " | ").count == 5, "\(row)")
        }
    }
}
