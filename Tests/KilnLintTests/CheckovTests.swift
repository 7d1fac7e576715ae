import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLint

/// checkov takes minutes to install and half a minute to run: what it says of the rules' files is kept, with the command that
/// tells it anew (`Golden/checkov.txt`), and compared with checkov itself where that is installed.
@Suite struct `The linter and checkov` {
    private struct Pair: Sendable {
        let theirs: Set<String>
        let ours: Set<String>
        let kind: FileKind
        /// Both find it or neither does; otherwise ours finds what theirs does, and more.
        var isBothWays = true
    }

    private static let pairs = [
        Pair(theirs: ["CKV_DOCKER_7"], ours: ["IL001", "IL062"], kind: .dockerfile),
        Pair(theirs: ["CKV_DOCKER_1"], ours: ["IL007"], kind: .dockerfile, isBothWays: false),
        Pair(theirs: ["CKV_DOCKER_3", "CKV_DOCKER_8"], ours: ["IL010"], kind: .dockerfile),
        Pair(theirs: ["CKV_K8S_14"], ours: ["IL001", "IL062"], kind: .kubernetes),
        Pair(theirs: ["CKV_K8S_43"], ours: ["IL001", "IL002", "IL062"], kind: .kubernetes),
        Pair(theirs: ["CKV_K8S_22"], ours: ["IL020"], kind: .kubernetes),
        Pair(
            theirs: ["CKV_K8S_16", "CKV_K8S_20", "CKV_K8S_27"],
            ours: ["IL028"],
            kind: .kubernetes,
            isBothWays: false
        ),
        Pair(theirs: ["CKV_AWS_24", "CKV_AWS_25"], ours: ["IL042"], kind: .terraform, isBothWays: false),
        Pair(theirs: ["CKV_AWS_51", "CKV_AWS_163"], ours: ["IL046"], kind: .terraform),
        Pair(theirs: ["CKV_TF_1"], ours: ["IL048"], kind: .terraform, isBothWays: false),
    ]

    private static let program = "/usr/local/share/kiln-checkov/bin/checkov"
    private static let golden = Golden.directory().appending("checkov.txt")
    private static let checks = Set(pairs.flatMap(\.theirs)).sorted().joined(separator: ",")
    private static let command =
        "checkov -d Tests/KilnLintTests/Fixtures --framework dockerfile kubernetes terraform --check \(checks) -o json --compact --quiet --soft-fail"

    @Test(
        .enabled(if: Files.exists(FilePath(program)), "needs checkov: scripts/install-deps checkov"),
        .timeLimit(.minutes(5))
    )
    func `checkov says what is kept of it`() async throws {
        let words = Self.command.split(separator: " ").dropFirst().map(String.init)
        let output = try await ToolRunner().run(
            ToolInvocation(
                Self.program,
                words,
                environment: ["LOG_LEVEL": "ERROR"],
                workingDirectory: Golden.project
            )
        )
        let json = try JSONValue(parsing: Array(output.text.utf8)[...])
        let reports = json.items.isEmpty ? [json] : json.items
        let failed = reports.flatMap { $0["results"]?["failed_checks"]?.items ?? [] }.compactMap { check in
            check["check_id"]?.text.flatMap { id in
                check["file_path"]?.text.map { "\($0.drop { $0 == "/" }) \(id)" }
            }
        }
        let lines = ["# \(Self.command)"] + Set(failed).sorted()
        try Golden.expect(lines.joined(separator: "\n") + "\n", matches: Self.golden)
    }

    @Test func `agree where both look for the same`() throws {
        let lines = try Files.readText(Self.golden).split(separator: "\n").map(String.init)
        #expect(lines.first == "# \(Self.command)", "kept verdicts are of another command: run checkov anew")
        var said: [String: Set<String>] = [:]
        for words in lines.dropFirst().map({ $0.split(separator: " ").map(String.init) }) {
            said[words[0], default: []].insert(words[1])
        }
        var agreed: Set<String> = []
        for rule in RuleTable.all.map(\.id) {
            for kind in ["bad", "good"] {
                for file in try RuleFixtures.lint(rule, kind).files {
                    let path = "\(rule)/\(kind)/\(file.source.name)"
                    for pair in Self.pairs where file.kinds == [pair.kind] {
                        let theirs = !(said[path] ?? []).isDisjoint(with: pair.theirs)
                        let ours = file.findings.contains { pair.ours.contains($0.rule) }
                        if theirs, ours { agreed.formUnion(pair.theirs) }
                        let isFine = theirs == ours || (ours && !pair.isBothWays)
                        #expect(isFine, "\(path) \(pair.ours.sorted()): checkov \(theirs), we \(ours)")
                    }
                }
            }
        }
        #expect(agreed.count >= Self.pairs.count)
    }
}
