import KilnAdvisories
import KilnDiagnostics
import Testing

@testable import KilnLint

@Suite struct `The linter` {
    private static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    private func lint(
        _ text: String,
        as name: String = "Dockerfile",
        kind: FileKind? = nil,
        profile: LintRule.Profile = .core,
        ignoring: [LintIgnore] = []
    ) throws -> LintReport {
        var settings = LintSettings()
        settings.profile = profile
        let today = try #require(RuleFixtures.today)
        let linter = Linter(settings: settings, ignoring: ignoring, kind: kind, today: today)
        return linter.lint([.init(LintSource(name: name, text: text))])
    }

    private func rules(_ report: LintReport) -> [String] { report.entries().map(\.rule.id) }

    @Test func `shows each finding with its place, why and what to do`() throws {
        let report = try lint("FROM debian:12.8 AS base\n")
        let text = DiagnosticRenderer().render(try #require(report.diagnostics.first))
        #expect(
            text.hasPrefix(
                "warning: IL002 debian:12.8 is a tag alone\n  --> Dockerfile:1:6\n 1 | FROM debian:12.8 AS base\n"
            )
        )
        #expect(
            text.contains("   |      ^^^^^^^^^^^\n") && text.contains("cause: ")
                && text.contains("see docs/lint.md#il002")
        )
    }

    @Test func `sets aside what a comment excuses, with a reason and an end`() throws {
        let excuse = "# kiln-lint: ignore IL002,IL001 until=2027-01-01 reason=\"no digest yet\"\n"
        let report = try lint(excuse + "FROM debian:12.8\nFROM debian:11\n")
        #expect(rules(report) == ["IL002"])
        #expect(report.entries(suppressed: true).map(\.line) == [2])
        #expect(report.summary == "1 warning in 1 file, 1 set aside")
        // On the line itself, and above a statement of several lines.
        let pod =
            "apiVersion: v1\nkind: Pod\nspec:\n  # kiln-lint: ignore IL001,IL020 until=2027-01-01 reason=x\n  containers:\n    - name: a\n      image: nginx\n"
        #expect(rules(try lint(pod, as: "pod.yaml")).isEmpty)
        let inline =
            "services:\n  a:\n    read_only: true\n    image: nginx # kiln-lint: ignore IL001 until=2027-01-01 reason=x\n"
        #expect(rules(try lint(inline, as: "compose.yaml")).isEmpty)
    }

    @Test(arguments: [
        ("IL002", "gives no reason"), ("IL002 reason=x", "gives no day as its end (until=2027-01-01)"),
        ("IL002 reason=x until=soon", "gives no day as its end (until=2027-01-01)"),
        ("IL002 reason=x until=2026-11-25", "ended on 2026-11-25"),
        ("IL999 reason=x until=2027-01-01", "names IL999, which is no rule"),
        ("reason=x until=2027-01-01", "names no rule"),
    ])
    func `takes no empty excuse`(words: String, fault: String) throws {
        let report = try lint("# kiln-lint: ignore \(words)\nFROM debian:12.8\n")
        #expect(rules(report) == ["IL061", "IL002"])
        #expect(report.entries().first?.finding.message.contains(fault) == true)
        #expect(
            rules(try lint("# kiln-lint: ignore IL002 reason=x until=2026-11-26\nFROM debian:12.8\n")).isEmpty
        )
    }

    @Test func `takes excuses of its settings by path`() throws {
        let file = try LintSettingsFile(
            LintSource(
                name: ".kiln-lint.yaml",
                text:
                    "profile: all\nignore:\n  - {rule: IL002, path: \"vendor/**\", until: 2027-01-01, reason: theirs}\n  - {rule: IL001}\n"
            ),
            today: try #require(RuleFixtures.today)
        )
        #expect(file.settings.profile == .all)
        #expect(file.faults.map(\.span?.line) == [4])
        #expect(rules(try lint("FROM a:1\n", as: "vendor/x/Dockerfile", ignoring: file.ignores)).isEmpty)
        #expect(rules(try lint("FROM a:1\n", as: "own/Dockerfile", ignoring: file.ignores)) == ["IL002"])
        #expect(throws: DiagnosticFailure.self) {
            try LintSettingsFile(
                LintSource(name: "x", text: "profil: all\n"),
                today: try #require(RuleFixtures.today)
            )
        }
    }

    @Test(arguments: [
        ("a/b.yaml", "a/*.yaml", true), ("a/c/b.yaml", "a/*.yaml", false), ("a/c/b.yaml", "a/**", true),
        ("b.yaml", "**/b.yaml", true),
        ("x/y/b.yaml", "**/b.yaml", true), ("ab", "a", false), ("./a", "a", true),
    ])
    func `matches paths`(path: String, pattern: String, expected: Bool) {
        #expect(PathPattern(pattern).matches(path) == expected)
    }

    @Test(arguments: [
        "apiVersion: v1\nkind: Pod\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n",
        "image: {{ .Values.image }}\nkind: Pod\napiVersion: v1\n",
        "{% for x in y %}\na: b\n{% endfor %}\n",
    ])
    func `passes over templates, and says so`(text: String) throws {
        let report = try lint(text, as: "x.yaml")
        #expect(report.files.first?.skipped?.hasPrefix("a template") == true)
        #expect(report.problems.isEmpty)
    }

    @Test func `takes a quoted placeholder for what it is: unknown`() throws {
        let pod =
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - {name: a, image: \"{{ .Values.image }}\", securityContext: {readOnlyRootFilesystem: true}}\n"
        #expect(rules(try lint(pod, as: "pod.yaml")) == ["IL062"])
    }

    @Test func `reads what it is told the text is`() throws {
        #expect(rules(try lint("FROM a\n", as: "<stdin>", kind: .dockerfile)) == ["IL001"])
        #expect(
            rules(try lint("services: {a: {image: b, read_only: true}}\n", as: "<stdin>", kind: .compose))
                == ["IL001"]
        )
    }

    @Test func `says what it cannot read`() throws {
        let report = try lint("apiVersion: v1\nkind: Pod\n  spec: x\n", as: "pod.yaml")
        #expect(report.problems.map(\.span?.place) == ["pod.yaml:3:7"])
        #expect(try lint("resource \"a\" {\n", as: "main.tf").problems.count == 1)
        #expect(try lint("FORM a\n").problems.count == 1)
        #expect(try lint("just: data\n", as: "x.yaml").problems.isEmpty)
    }

    @Test func `finds the objects of lists and of further documents`() throws {
        let list =
            "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Pod\n    spec: {containers: [{name: a, image: nginx}]}\n---\napiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: b, image: busybox}]}}}}}\n"
        let report = try lint(list, as: "all.yaml")
        #expect(report.entries().filter { $0.rule.id == "IL001" }.map(\.line) == [6, 10])
    }

    @Test func `puts variables in where it knows them`() throws {
        let terraform =
            "variable \"tag\" { default = \"1.2\" }\nlocals { image = \"web:${var.tag}\" }\nresource \"kubernetes_pod\" \"a\" {\n  spec {\n    container {\n      image = local.image\n    }\n  }\n}\n"
        #expect(rules(try lint(terraform, as: "main.tf")) == ["IL002"])
        let pinned =
            "resource \"kubernetes_pod\" \"a\" {\n  spec {\n    container {\n      image = \"${var.registry}/web@\(Self.digest)\"\n    }\n  }\n}\n"
        #expect(rules(try lint(pinned, as: "main.tf")).isEmpty)
    }

    /// Broken files of all kinds: no trap, no place outside of the file, in bounded time.
    @Test func `survives whatever is in a file`() throws {
        var seeds: [(name: String, bytes: [UInt8])] = []
        for rule in RuleTable.all.map(\.id) {
            seeds += try RuleFixtures.inputs(rule, "bad").map { ($0.source.name, $0.source.bytes) }
        }
        var state: UInt64 = 99
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, bound)
        }
        var settings = LintSettings()
        settings.profile = .all
        let linter = Linter(settings: settings, today: try #require(RuleFixtures.today))
        let marks = Array("{}[]:\"'\\\n\t -#&*!|>$%<=,`\u{0}".utf8)
        for _ in 0..<1500 {
            var (name, bytes) = seeds[next(seeds.count)]
            for _ in 0...next(6) where !bytes.isEmpty {
                let place = next(bytes.count)
                switch next(4) {
                case 0: bytes[place] = marks[next(marks.count)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(marks[next(marks.count)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + next(40)))
                }
            }
            let report = linter.lint([.init(LintSource(name: name, bytes: bytes))])
            for finding in report.files[0].findings {
                #expect(
                    finding.range.lowerBound >= 0 && finding.range.upperBound <= bytes.count,
                    "\(name) \(finding.rule)"
                )
            }
            _ = report.diagnostics
        }
    }
}
