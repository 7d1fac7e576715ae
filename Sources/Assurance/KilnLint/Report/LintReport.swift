package import KilnDiagnostics

/// What was found in one file.
package struct LintedFile: Sendable {
    package let source: LintSource
    package var kinds: [FileKind] = []
    package var findings: [LintFinding] = []
    package var problems: [Diagnostic] = []
    package var skipped: String?
}

/// What was found in all files.
package struct LintReport: Sendable {
    package var files: [LintedFile]
    package let settings: LintSettings

    package struct Entry: Sendable {
        package let source: LintSource
        package let finding: LintFinding
        package let rule: LintRule
        package let line: Int
        package let column: Int
        package let endColumn: Int
    }

    /// In the order of files, then of places; those that were set aside apart.
    package func entries(suppressed: Bool = false) -> [Entry] {
        files.flatMap { file -> [Entry] in
            let wanted = file.findings.filter { ($0.suppression != nil) == suppressed }
            guard !wanted.isEmpty else { return [] }
            let text = SourceText(name: file.source.name, text: "")
            return wanted.compactMap { finding in
                guard let rule = RuleTable.rule(finding.rule) else { return nil }
                let span = file.source.span(finding.range, in: text)
                return Entry(
                    source: file.source,
                    finding: finding,
                    rule: rule,
                    line: span.line,
                    column: span.column,
                    endColumn: span.column + span.length
                )
            }
        }
    }

    package var problems: [Diagnostic] { files.flatMap(\.problems) }

    package func count(atLeast severity: LintSeverity) -> Int {
        files.flatMap(\.findings).filter { finding in
            finding.suppression == nil
                && RuleTable.rule(finding.rule).map { $0.severity >= severity } ?? false
        }.count
    }

    /// Files that something was looked for in.
    package var looked: Int { files.filter { !$0.kinds.isEmpty }.count }

    package var summary: String {
        let found = entries()
        let files = "\(looked) \(looked == 1 ? "file" : "files")"
        let aside = entries(suppressed: true).count
        let tail = aside == 0 ? "" : ", \(aside) set aside"
        guard !found.isEmpty else { return "nothing found in \(files)\(tail)" }
        let parts = LintSeverity.allCases.reversed().compactMap { severity -> String? in
            let count = found.filter { $0.rule.severity == severity }.count
            return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        return "\(parts.joined(separator: ", ")) in \(files)\(tail)"
    }

    /// Each finding with its place, why it matters and what to do.
    package var diagnostics: [Diagnostic] {
        files.flatMap { file -> [Diagnostic] in
            let wanted = file.findings.filter { $0.suppression == nil }
            guard !wanted.isEmpty else { return [] }
            let text = file.source.sourceText
            return wanted.compactMap { finding in
                guard let rule = RuleTable.rule(finding.rule) else { return nil }
                return Diagnostic(
                    Diagnostic.Severity(rawValue: rule.severity.rawValue) ?? .warning,
                    code: "lint.\(rule.id)",
                    "\(rule.id) \(finding.message)",
                    at: file.source.span(finding.range, in: text),
                    causes: [rule.why],
                    hint: "\(rule.remedy)\nsee \(rule.page)",
                    exitStatus: .gateRefused
                )
            }
        }
    }
}
