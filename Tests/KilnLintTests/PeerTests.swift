import FoundationEssentials
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

    private static let checkov =
        Files.exists("/usr/local/share/kiln-checkov/bin/checkov")
        ? "/usr/local/share/kiln-checkov/bin/checkov" : nil

    private static let checkovPairs: [(theirs: [String], ours: String)] = [
        (["CKV_DOCKER_7", "CKV_K8S_14"], "IL001"),
        (["CKV_K8S_43"], "IL002"),
        (["CKV_DOCKER_1"], "IL007"),
        (["CKV_DOCKER_3", "CKV_DOCKER_8"], "IL010"),
        (["CKV_K8S_22", "CKV_AWS_336"], "IL020"),
        (["CKV_K8S_9"], "IL027"),
        (["CKV_K8S_16", "CKV_K8S_20", "CKV_K8S_27"], "IL028"),
        (["CKV_AWS_24", "CKV_AWS_25"], "IL042"),
        (["CKV_AWS_51", "CKV_AWS_163"], "IL046"),
        (["CKV_TF_1"], "IL048"),
    ]

    /// Where the two differ, each with its reason; `docs/lint-peers.md` tells them to users.
    private static let differences: [String: String] = [
        "IL001 IL003/bad/Dockerfile": "the default of FROM's argument is judged, as IL003",
        "IL001 IL003/good/Dockerfile": "the default of FROM's argument is judged, and pinned",
        "IL002 IL001/bad/deploy.yaml": "an image without a version is told once, as IL001",
        "IL002 IL001/bad/main.tf": "an image without a version is told once, as IL001",
        "IL002 IL002/bad/short.yaml": "four digits are no digest",
        "IL002 IL062/bad/deploy.yaml": "a variable is unknown, as IL062",
        "IL002 IL062/bad/main.tf": "a variable is unknown, as IL062",
        "IL027 IL001/bad/main.tf": "probes are asked for in manifests",
        "IL027 IL062/bad/main.tf": "probes are asked for in manifests",
        "IL027 IL030/bad/pod.yaml": "nobody replaces a bare pod, with probes or without: IL030",
        "IL028 IL030/bad/pod.yaml": "what is not asked for is not found",
        "IL042 IL042/bad/stack.json": "a door for a private network is one",
        "IL048 IL041/good/main.tf": "a version of a registry pins a module",
        "IL048 IL043/good/main.tf": "a version of a registry pins a module",
        "IL048 IL044/good/main.tf": "a version of a registry pins a module",
        "IL048 IL046/good/main.tf": "a version of a registry pins a module",
        "IL048 IL048/good/main.tf": "a version of a registry pins a module",
    ]

    /// What checkov says about each file of the fixtures: `true` where one of its checks failed, nothing where none was made.
    private func checkovVerdicts() async throws -> [String: [String: Bool]] {
        let checks = Self.checkovPairs.flatMap(\.theirs).joined(separator: ",")
        let fixtures = RuleFixtures.folder("IL001", "bad").removingLastComponent().removingLastComponent()
        let invocation = ToolInvocation(
            try #require(Self.checkov),
            [
                "-d", fixtures.string, "--framework", "dockerfile", "kubernetes", "terraform",
                "cloudformation",
                "--check", checks, "--compact", "--soft-fail", "-o", "json",
            ]
        )
        struct Report: Decodable {
            struct Results: Decodable {
                let passedChecks: [Check]
                let failedChecks: [Check]
            }
            struct Check: Decodable {
                let checkId: String
                let fileAbsPath: String
            }
            let results: Results
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let answer = try await ToolRunner().run(invocation).text
        let reports = try decoder.decode([Report].self, from: Data(answer.utf8))
        var verdicts: [String: [String: Bool]] = [:]
        func note(_ check: Report.Check, hasFailed: Bool) {
            guard let pair = Self.checkovPairs.first(where: { $0.theirs.contains(check.checkId) }) else {
                return
            }
            let file = String(check.fileAbsPath.dropFirst(fixtures.string.count + 1))
            let before = verdicts[file]?[pair.ours] ?? false
            verdicts[file, default: [:]][pair.ours] = before || hasFailed
        }
        for report in reports {
            for check in report.results.passedChecks { note(check, hasFailed: false) }
            for check in report.results.failedChecks { note(check, hasFailed: true) }
        }
        return verdicts
    }

    @Test(.enabled(if: checkov != nil, "needs checkov: scripts/install-deps tests"))
    func `agree with checkov where both look for the same, but for what is explained`() async throws {
        let verdicts = try await checkovVerdicts()
        var agreed: [String: Int] = [:]
        var differing: Set<String> = []
        for rule in RuleTable.all.map(\.id) {
            for kind in ["bad", "good"] {
                for file in try RuleFixtures.lint(rule, kind).files {
                    let name = "\(rule)/\(kind)/\(file.source.name)"
                    for (ours, said) in verdicts[name] ?? [:] {
                        let found = file.findings.contains { $0.rule == ours }
                        if said == found {
                            agreed[ours, default: 0] += said ? 1 : 0
                        } else {
                            differing.insert("\(ours) \(name)")
                        }
                    }
                }
            }
        }
        #expect(differing.subtracting(Self.differences.keys).sorted() == [], "not explained")
        #expect(
            Set(Self.differences.keys).subtracting(differing).sorted() == [],
            "explained, and agreed upon"
        )
        #expect(Self.checkovPairs.map(\.ours).filter { agreed[$0] == nil } == [], "nothing to agree upon")
    }
}
