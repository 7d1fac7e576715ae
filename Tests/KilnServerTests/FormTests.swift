import KilnAPI
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import Testing

@Suite struct `What is sent` {
    @Test(arguments: Samples.outcomes)
    func `is the outcome that arrives`(outcome: DeployOutcome) throws {
        #expect(try sent(.outcome(outcome)) == .outcome(outcome))
    }

    static let facts: [ProgressFact] = [
        .started(WorkID("fleet/shop"), label: "deploy shop", total: nil),
        .started(WorkID("pull"), label: "pull", total: 12), .advanced(WorkID("pull"), completed: 7),
        .finished(WorkID("pull"), cached: true, detail: "sha256:ab"),
        .finished(WorkID("fleet/shop"), cached: false, detail: nil), .failed(WorkID("fleet/shop")),
        .output(WorkID("fleet/shop"), line: "release 1: \u{1B}[31m ä"), .diagnostic(Self.diagnostic),
    ]

    @Test(arguments: facts)
    func `is the fact that arrives`(fact: ProgressFact) throws {
        #expect(try sent(.progress(fact)) == .progress(fact))
    }

    static let diagnostic = Diagnostic(
        .warning,
        code: "fleet.waiting",
        "waiting for process 1",
        causes: ["deploy, since then", "and more\nlines"],
        hint: "wait",
        exitStatus: .gateRefused
    )

    @Test func `shows an error as it would be shown here, with its line and caret`() throws {
        let source = SourceText(name: "kiln.yaml", text: "a: 1\nb: 2\nfleets: {x: 3}\n")
        var error = Self.diagnostic
        error.span = SourceSpan(source: source, line: 3, column: 10, length: 4)
        let line = AnswerLine.failure([error, Self.diagnostic])
        guard case .failure(let arrived) = try sent(line) else {
            Issue.record("no failure")
            return
        }
        let renderer = DiagnosticRenderer()
        #expect(renderer.render(arrived) == renderer.render([error, Self.diagnostic]))
        #expect(arrived.map(\.exitStatus) == [.gateRefused, .gateRefused])
    }

    @Test(arguments: Samples.changes)
    func `is the change that arrives`(change: FleetChange) throws {
        var options = FleetDriver.Options(force: true, wait: .seconds(17))
        options.environment = "prod"
        options.remark = "made without its checks: in a hurry"
        options.origin = FleetOrigin(path: "/srv/shop/kiln.yaml")
        options.takesOver = true
        options.repeatsUnseen = true
        options.author = "mara"
        options.message = "the fix for yesterday"
        options.origins = [ConfigOrigin(place: "store shop/prod", version: 7)]
        options.expected = FleetExpectation(
            origin: nil,
            release: ReleaseNumber(rawValue: 3),
            policy: FleetPolicy(instances: 3),
            isPaused: false
        )
        let bytes = try CanonicalJSON.encode(ChangeRequest(change, isExamined: true, options: options))
        let arrived = try StrictJSON.decode(ChangeRequest.self, from: bytes)
        #expect(try arrived.change(change.verb) == change)
        #expect(try arrived.driverOptions() == options)
        #expect(arrived.isExamined == (change.verb == .deploy))
    }

    @Test(arguments: [
        #"{}"#, #"{"outcome":{"outcome":"stable"}}"#, #"{"failure":[]}"#, #"{"progress":{"event":"output"}}"#,
        #"{"outcome":{"outcome":"paused"},"failure":[]}"#, #"{"outcome":{"outcome":"fine"}}"#, #"[]"#, "",
    ])
    func `is refused where it is incomplete`(text: String) {
        #expect(throws: (any Error).self) {
            try CanonicalJSON.decode(AnswerLine.self, from: Array(text.utf8))
        }
    }

    private func sent(_ line: AnswerLine) throws -> AnswerLine {
        let bytes = try line.bytes
        #expect(bytes.last == 10 && bytes.dropLast().allSatisfy { $0 != 10 }, "one line")
        return try CanonicalJSON.decode(AnswerLine.self, from: bytes)
    }
}
