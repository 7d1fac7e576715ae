package import KilnAdvisories
import KilnDiagnostics

/// Files in, findings out. Pure: what is beside a file comes through its neighbours, the day as an argument.
package struct Linter: Sendable {
    package struct Input: Sendable {
        package let source: LintSource
        package let neighbours: Neighbours

        package init(_ source: LintSource, neighbours: Neighbours = Neighbours()) {
            self.source = source
            self.neighbours = neighbours
        }
    }

    private let settings: LintSettings
    private let ignores: [LintIgnore]
    private let today: CalendarDate
    /// What the user says all files are.
    private let kind: FileKind?

    package init(
        settings: LintSettings = LintSettings(),
        ignoring ignores: [LintIgnore] = [],
        kind: FileKind? = nil,
        today: CalendarDate
    ) {
        self.settings = settings
        self.ignores = ignores
        self.kind = kind
        self.today = today
    }

    package func lint(_ inputs: [Input]) -> LintReport {
        var project = ProjectFacts()
        var read = inputs.map { input in
            FileReader(source: input.source, forced: kind, neighbours: input.neighbours).read()
        }
        let named = NamedFiles(inputs, &read).files
        for document in (read + named.map { $0.outcome }).flatMap(\.documents) { project.take(document) }
        let all = zip(inputs, read).filter { !$1.isTaken } + named.map { ($0.input, $0.outcome) }
        return LintReport(files: all.map { file($0.source, $1, project) }, settings: settings)
    }

    /// The rules that are asked: those of the profile, or those that were named.
    private var rules: [LintRule] {
        RuleTable.all.filter { rule in
            guard settings.only.isEmpty else { return settings.only.contains(rule.id) }
            return settings.profile == .all || rule.profile == .core
        }
    }

    private func file(
        _ source: LintSource,
        _ outcome: FileReader.Outcome,
        _ project: ProjectFacts
    ) -> LintedFile {
        var file = LintedFile(source: source)
        file.problems = outcome.problems
        file.skipped = outcome.skipped
        var sink = FindingSink(settings: settings, project: project)
        let asked = rules
        for document in outcome.documents {
            if !file.kinds.contains(document.kind) { file.kinds.append(document.kind) }
            for rule in asked where rule.kinds.contains(document.kind) {
                sink.rule = rule.id
                rule.check(document, &sink)
            }
        }
        if !outcome.documents.isEmpty { suppress(&sink, source, outcome.documents) }
        file.findings = sink.findings.sorted {
            ($0.range.lowerBound, $0.rule, $0.message) < ($1.range.lowerBound, $1.rule, $1.message)
        }
        return file
    }

    private func suppress(_ sink: inout FindingSink, _ source: LintSource, _ documents: [LintDocument]) {
        var statements = documents.flatMap(\.statements)
        var comments = SuppressionComment.all(in: source, statements: statements)
        if !comments.isEmpty, statements.isEmpty {
            statements = documents.flatMap { Self.statements(of: $0.root) }.sorted {
                $0.upperBound > $1.upperBound
            }
            comments = SuppressionComment.all(in: source, statements: statements)
        }
        sink.rule = HonestyRules.emptyExcuse.id
        let asksForExcuses = rules.contains { $0.id == HonestyRules.emptyExcuse.id }
        var valid: [SuppressionComment] = []
        for comment in comments {
            if let fault = comment.ignore.fault(on: today) {
                if asksForExcuses {
                    sink.report(comment.range, "this ignore \(fault), and sets nothing aside")
                }
            } else {
                valid.append(comment)
            }
        }
        let lines = ignores.filter { line in
            line.fault(on: today) == nil && line.path.map { PathPattern($0).matches(source.name) } ?? true
        }
        for index in sink.findings.indices where sink.findings[index].rule != HonestyRules.emptyExcuse.id {
            let finding = sink.findings[index]
            let ignore =
                valid.first {
                    $0.covers.contains(finding.range.lowerBound) && $0.ignore.rules.contains(finding.rule)
                }?.ignore
                ?? lines.first { $0.rules.contains(finding.rule) }
            guard let ignore, let reason = ignore.reason, let until = ignore.until else { continue }
            sink.findings[index].suppression = "\(reason) (until \(until))"
        }
    }

    /// Entries and items of a structured file, each with what is below it.
    private static func statements(of root: Node) -> [Range<Int>] {
        var found: [Range<Int>] = []
        root.visit { node in
            found += node.entries.map {
                $0.keyRange.lowerBound..<max($0.keyRange.upperBound, $0.value.range.upperBound)
            }
            found += node.items.map(\.range)
        }
        return found
    }
}
