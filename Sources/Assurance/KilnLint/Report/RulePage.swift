/// `docs/lint.md`: the table of rules as a page, each with an anchor.
package enum RulePage {
    package static func render() -> String {
        var lines = [
            "# The rules of kiln lint", "",
            "Generated from the table of rules; a test holds it to them. `core` rules are asked by default, all of them with",
            "`--profile all`. What a rule does not know it does not pass: an image that a variable names is IL062.",
            "",
            "| rule | what | severity | profile | on |", "|---|---|---|---|---|",
        ]
        for rule in RuleTable.all {
            let kinds =
                rule.kinds.count == FileKind.allCases.count
                ? "everything" : rule.kinds.map(\.title).joined(separator: ", ")
            lines.append(
                "| [\(rule.id)](#\(rule.id.lowercased())) | \(rule.title) | \(rule.severity.rawValue) | \(rule.profile.rawValue) | \(kinds) |"
            )
        }
        for rule in RuleTable.all {
            lines += [
                "", "## \(rule.id)", "", "**\(rule.title).**", "", rule.why, "",
                "**Instead:** \(rule.remedy)",
            ]
        }
        return (lines + [""]).joined(separator: "\n")
    }
}
