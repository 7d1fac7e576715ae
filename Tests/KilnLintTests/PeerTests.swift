import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLint

@Suite struct `Peers of the linter` {
    private static let hadolint =
        Files.exists("/usr/local/share/kiln-peers/bin/hadolint")
        ? "/usr/local/share/kiln-peers/bin/hadolint" : nil

    private func report() throws -> LintReport {
        let files = try ["IL001", "IL040", "IL061"].flatMap { try RuleFixtures.lint($0, "bad").files }
        let excused = try RuleFixtures.lint("IL061", "good").files
        return LintReport(files: files + excused, settings: LintSettings())
    }

    @Test(.enabled(if: Files.exists("/usr/lib/python3/dist-packages/jsonschema"), "needs python3-jsonschema"))
    func `find SARIF that holds to its schema`() async throws {
        try await Sandbox.with { sandbox in
            let packed = Golden.project.appending(
                "Tests/KilnAdvisoriesTests/Fixtures/sarif-schema-2.1.0.json.zst"
            )
            let sarif = try LintRenderings.sarif(report(), version: "0.1.0")
            #expect(sarif.contains("suppressions") && sarif.contains("IL040"))
            _ = try sandbox.write(sarif, to: "lint.sarif")
            let script = """
                zstd -dcq '\(packed)' > schema.json && python3 -c '
                import json, jsonschema
                schema = json.load(open("schema.json"))
                checker = jsonschema.validators.validator_for(schema)(schema)
                for error in checker.iter_errors(json.load(open("lint.sarif"))): print(error.message)'
                """
            let said = try await ToolRunner().run(
                ToolInvocation("sh", ["-c", script], workingDirectory: sandbox.path)
            )
            #expect(said.text == "")
        }
    }

    @Test func `find XML that is well-formed`() async throws {
        try await Sandbox.with { sandbox in
            _ = try sandbox.write(LintRenderings.junit(RuleFixtures.lint("IL040", "bad")), to: "lint.xml")
            let script =
                "import xml.etree.ElementTree as e; r = e.parse('lint.xml').getroot(); print(r.get('failures'), len(r.findall('.//failure')))"
            let said = try await ToolRunner().run(
                ToolInvocation("python3", ["-c", script], workingDirectory: sandbox.path)
            )
            let failed = Set(try RuleFixtures.lint("IL040", "bad").entries().map(\.source.name)).count
            #expect(said.text == "\(failed) \(failed)\n")
        }
    }

    /// Where both look for the same, they say the same. hadolint's DL3002 is about a USER that is root; ours is also about none.
    private static let pairs: [(theirs: Set<String>, ours: String, isBothWays: Bool)] = [
        (["DL3006", "DL3007"], "IL001", true),
        (["DL3008", "DL3013", "DL3016", "DL3018", "DL3028", "DL3041"], "IL004", true),
        (["DL3002"], "IL010", false),
    ]

    @Test(.enabled(if: hadolint != nil, "needs hadolint: scripts/install-deps tests"))
    func `agree with hadolint where both look for the same`() async throws {
        let hadolint = try #require(Self.hadolint)
        var agreed = 0
        for rule in RuleTable.all.map(\.id) {
            for kind in ["bad", "good"] {
                for file in try RuleFixtures.lint(rule, kind).files where file.kinds == [.dockerfile] {
                    let path = RuleFixtures.folder(rule, kind).appending(file.source.name)
                    let output = try await ToolRunner().runUnchecked(
                        ToolInvocation(hadolint, ["--no-fail", "-f", "tty", path.string])
                    )
                    for pair in Self.pairs {
                        let said = pair.theirs.contains { output.text.contains(" \($0) ") }
                        let found = file.findings.contains { $0.rule == pair.ours }
                        agreed += said && found ? 1 : 0
                        let isFine = said == found || (found && !pair.isBothWays)
                        #expect(isFine, "\(path) \(pair.ours): hadolint \(said), we \(found)\n\(output.text)")
                    }
                }
            }
        }
        #expect(agreed >= Self.pairs.count)
    }
}
