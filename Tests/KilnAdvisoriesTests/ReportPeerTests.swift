import KilnAdvisories
import KilnTestSupport
import SystemPackage
import Testing

/// Reports held against others' readers, which `scripts/install-deps tests` puts into a folder of their own.
@Suite struct `Reports among their readers` {
    private static let junit = """
        import sys
        from junitparser import JUnitXml
        for suite in JUnitXml.fromfile(sys.argv[1]):
            print(suite.tests, suite.failures, suite.skipped, sum(1 for case in suite))
        """

    @Test(.enabled(if: Peers.hasVenv("junitparser"), "needs the PyPI package junitparser"))
    func `in XML are read by junitparser, to the last case`() async throws {
        try await Sandbox.with { sandbox in
            let report = try Samples.report()
            let file = try sandbox.write(JUnitReport.render(report), to: "report.xml")
            let failures = report.judgement.findings.count
            let total = failures + report.judgement.suppressed.count
            let said = try await Peers.lines(Peers.venvPython, ["-c", Self.junit, file.string])
            #expect(said == ["\(total) \(failures) 2 \(total)"])
        }
    }

    @Test(.enabled(if: Peers.hasVenv("check_jsonschema"), "needs the PyPI package check-jsonschema"))
    func `in SARIF are valid to check-jsonschema, secrets and all`() async throws {
        try await Sandbox.with { sandbox in
            var report = try Samples.report()
            report.secrets = [
                SecretNote(
                    kind: "private-key",
                    words: "a private key",
                    path: "etc/ssl/a key.pem",
                    line: 3,
                    subject: nil,
                    fingerprint: "0123456789abcdef",
                    layer: 1,
                    createdBy: "files of shop"
                )
            ]
            let schema = try sandbox.write(
                try Fixtures.text("sarif-schema-2.1.0.json.zst"),
                to: "schema.json"
            )
            let text = try SARIFReport.render(report, location: "kiln.yaml", version: "0.1.0")
            #expect(text.contains("secret/private-key") && text.contains("etc/ssl/a%20key.pem"))
            let file = try sandbox.write(text, to: "report.sarif")
            let checker = Peers.venv.appending("bin/check-jsonschema").string
            let said = try await Peers.lines(checker, ["--schemafile", schema.string, file.string])
            #expect(said.last?.contains("ok") == true, "\(said)")
        }
    }
}
