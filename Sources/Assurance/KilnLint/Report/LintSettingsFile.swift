package import KilnAdvisories
package import KilnDiagnostics

/// `.kiln-lint.yaml`: what is ignored and why, where images may come from, which profile.
package struct LintSettingsFile: Sendable {
    package var settings = LintSettings()
    package var ignores: [LintIgnore] = []
    /// Lines that do not hold: without a reason, without an end, past it.
    package var faults: [Diagnostic] = []

    package static let name = ".kiln-lint.yaml"

    package init(_ source: LintSource, today: CalendarDate) throws {
        let text = source.sourceText
        func failure(_ message: String, _ range: Range<Int>, hint: String? = nil) -> DiagnosticFailure {
            DiagnosticFailure(
                Diagnostic(
                    code: "lint.settings",
                    message,
                    at: source.span(range, in: text),
                    hint: hint,
                    exitStatus: .usage
                )
            )
        }
        let result = YAMLReader.read(source.bytes)
        if let problem = result.problems.first { throw failure(problem.message, problem.range) }
        guard let root = result.documents.first else { return }
        for entry in root.entries {
            switch entry.key {
            case "profile":
                guard let profile = entry.value.text.flatMap(LintRule.Profile.init) else {
                    throw failure("profile is core or all", entry.value.range)
                }
                settings.profile = profile
            case "registries": settings.registries = entry.value.items.compactMap(\.text)
            case "ignore":
                for item in entry.value.items { take(item, source, text, today) }
            default:
                throw failure(
                    "there is no setting \"\(entry.key)\"",
                    entry.keyRange,
                    hint: Spelling.hint(for: entry.key, in: ["profile", "registries", "ignore"])
                )
            }
        }
    }

    private mutating func take(_ item: Node, _ source: LintSource, _ text: SourceText, _ today: CalendarDate)
    {
        let ignore = LintIgnore(
            rules: (item["rule"]?.itemsOrSelf ?? item["rules"]?.itemsOrSelf ?? []).compactMap(\.text),
            until: item["until"]?.text.flatMap(CalendarDate.init(parsing:)),
            reason: item["reason"]?.text,
            path: item["path"]?.text
        )
        ignores.append(ignore)
        guard let fault = ignore.fault(on: today), let rule = RuleTable.rule("IL061") else { return }
        faults.append(
            Diagnostic(
                code: "lint.IL061",
                "IL061 this ignore \(fault), and sets nothing aside",
                at: source.span(item.range, in: text),
                causes: [rule.why],
                hint: "\(rule.remedy)\nsee \(rule.page)",
                exitStatus: .gateRefused
            )
        )
    }
}
