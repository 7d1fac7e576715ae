import KilnDefinition
import KilnDrift
import KilnFleet
import Testing

@Suite struct `What a policy lets pass` {
    private func rules(_ definition: DriftDefinition, on day: String = "2026-06-01") -> DriftRules {
        DriftRules(definition, today: day)
    }

    private func report(_ kind: DriftFinding.Kind, _ subject: String, after: String? = nil) -> DriftReport {
        let finding = DriftFinding(
            kind,
            instance: InstanceID("app-1-aaaa"),
            subject: subject,
            detail: "differs",
            after: after
        )
        return DriftReport(fleet: "app", checked: 1, findings: [finding])
    }

    private func allowance(_ path: String) throws -> DriftDefinition {
        DriftDefinition(
            allow: [.init(path: try PathPattern(parsing: path), reason: "a cache", expires: "2026-06-30")]
        )
    }

    @Test func `is what it names, to the last day, with the reason`() throws {
        let allowed = try allowance("/var/cache/**")
        let found = report(.fileAdded, "/var/cache/app/x")
        let judged = rules(allowed, on: "2026-06-30").judged(found).findings
        #expect(judged.map(\.weight) == [.allowed])
        #expect(judged.map(\.excuse) == ["a cache (until 2026-06-30)"])
        #expect(rules(allowed, on: "2026-07-01").judged(found).harmful.count == 1)
        #expect(rules(allowed).judged(report(.fileAdded, "/var/cache")).harmful.count == 1)
        #expect(rules(allowed).judged(report(.fileChanged, "/var/cachet/x")).harmful.count == 1)
    }

    @Test func `a program is, by its path, and nothing that is no file`() throws {
        let allowed = try allowance("/opt/plugins/*")
        let program = report(.foreignProcess, "plugin (pid 7)", after: "/opt/plugins/plugin")
        #expect(rules(allowed).judged(program).harmful.isEmpty)
        let others = DriftFinding.Kind.allCases.filter { $0 != .foreignProcess && !"\($0)".hasPrefix("file") }
        for kind in others {
            #expect(rules(allowed).judged(report(kind, "/opt/plugins/x")).harmful.count == 1, "\(kind)")
        }
    }

    @Test func `everything in a writable root is while a fleet learns, and mounts are not`() {
        let learning = DriftDefinition(learnUntil: "2026-06-30")
        let judged = rules(learning).judged(report(.fileRemoved, "/etc/motd"))
        #expect(judged.findings.map(\.weight) == [.learned])
        #expect(rules(learning).judged(report(.overMount, "/etc")).harmful.count == 1)
        let late = rules(learning, on: "2026-07-01").judged(report(.fileRemoved, "/etc/motd"))
        #expect(late.harmful.count == 1)
    }

    @Test(
        arguments: [
            ("/a/b", "/a/b", true), ("/a/b", "/a/bc", false), ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false),
            ("/a/**", "/a/b/c", true), ("/a/**", "/a", false), ("/a/**/d", "/a/b/c/d", true),
            ("/a/*.log", "/a/x.log", true), ("/a/*.log", "/a/x.logs", false), ("/a/*b*c", "/a/xbxbc", true),
            ("/a/**/*.pid", "/a/b/x.pid", true), ("/*/b", "/a/b", true),
        ]
    )
    func `a pattern matches whole names`(pattern: String, path: String, matches: Bool) throws {
        #expect(try PathPattern(parsing: pattern).matches(path) == matches)
    }
}

@Suite struct `Lines that differ` {
    @Test func `are shown with what is around`() {
        let text = TextDifference.lines(from: "a\nb\nc\nd\ne\nf\n", to: "a\nb\nc\nX\ne\nf\n")
        #expect(text == "@@ line 4 @@\n b\n c\n-d\n+X\n e\n f\n")
    }

    @Test func `that came, went, or are all`() {
        #expect(TextDifference.lines(from: "a\n", to: "a\nb\n").contains("+b\n"))
        #expect(TextDifference.lines(from: "a\nb\n", to: "a\n").contains("-b\n"))
        #expect(TextDifference.lines(from: "", to: "x").contains("+x\n"))
    }

    @Test func `are bounded`() {
        let old = (0..<5000).map { "old \($0)\n" }.joined()
        let new = (0..<5000).map { "new \($0)\n" }.joined()
        let text = TextDifference.lines(from: old, to: new)
        #expect(text.utf8.count < 4200)
        #expect(text.contains("more lines"))
        let long = TextDifference.lines(from: "a", to: String(repeating: "x", count: 1 << 20))
        #expect(long.utf8.count < 4200)
    }
}
