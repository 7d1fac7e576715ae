import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnSystem

/// What a look for drift found, for people.
struct DriftText {
    let reports: [DriftReport]
    /// Also what is let pass.
    let showsAll: Bool

    func table(color: Bool) -> String? {
        var table = TextTable(("INSTANCE", .left), ("DRIFT", .left), ("WHAT", .left), ("HOW", .left))
        for finding in shown {
            table.add(
                finding.instance?.description ?? "-",
                finding.weight == .harmful
                    ? finding.kind.rawValue : "\(finding.kind.rawValue) (\(finding.weight.rawValue))",
                finding.subject,
                ([finding.detail] + remarks(finding)).joined(separator: "; ")
            )
        }
        return table.isEmpty ? nil : table.render(color: color)
    }

    private var shown: [DriftFinding] {
        reports.flatMap { showsAll ? $0.findings : $0.harmful }
    }

    private func remarks(_ finding: DriftFinding) -> [String] {
        [
            finding.actor.map { "by \($0)" }, finding.since.map { "since \(WallClock.format($0))" },
            finding.excuse.map { "let pass: \($0)" },
        ].compactMap(\.self)
    }

    /// Lines of text that differ, file by file.
    var differences: [String] {
        shown.compactMap { finding in
            finding.diff.map { diff in
                let title = ShownText.line("\(finding.instance?.description ?? "-") \(finding.subject)")
                return ([title] + ShownText.lines(diff)).joined(separator: "\n")
            }
        }
    }

    func summary(of report: DriftReport) -> String? {
        let passed = report.findings.count - report.harmful.count
        guard report.harmful.isEmpty else { return nil }
        let rest = passed == 0 ? "" : ", \(passed) let pass (--all shows them)"
        return "\(report.fleet): no drift in \(report.checked) instances\(rest)"
    }

    /// What was learned, as a definition says it: one line for each folder that holds much.
    static func learned(_ report: DriftReport, until day: String) -> String? {
        let paths = learnedPaths(report).filter(isNameable)
        guard !paths.isEmpty else { return nil }
        let lines = gathered(paths).map { path in
            "      - {path: \(quoted(path)), reason: learned, expires: \"\(day)\"}"
        }
        return (["  \(report.fleet):", "    drift:", "      allow:"] + lines.map { "  \($0)" }).joined(
            separator: "\n"
        )
            + "\n"
    }

    /// What was learned and cannot be written down: an entry of `allow` would stand for other files too, or be none.
    static func unnameable(_ report: DriftReport) -> [String] {
        learnedPaths(report).filter { !isNameable($0) }.sorted()
    }

    private static func learnedPaths(_ report: DriftReport) -> Set<String> {
        Set(report.findings.filter { $0.weight == .learned }.compactMap(\.path))
    }

    /// A pattern has no way to write a star that is one; U+FFFD is shown for any bytes that are not UTF-8.
    private static func isNameable(_ path: String) -> Bool {
        path != "/" && !path.unicodeScalars.contains { $0 == "*" || $0 == "\u{FFFD}" }
            && (try? PathPattern(parsing: path)) != nil
    }

    /// More than three in one folder stand for all that is in it.
    private static func gathered(_ paths: Set<String>) -> [String] {
        let folders = Dictionary(grouping: paths) {
            $0.split(separator: "/").dropLast().joined(separator: "/")
        }
        return folders.flatMap { folder, paths in
            folder.isEmpty || paths.count <= 3 ? paths : ["/\(folder)/**"]
        }
        .sorted()
    }

    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                || "/._-".utf8.contains(byte)
        }
        if isPlain { return path }
        return "\"" + path.unicodeScalars.map(escaped).joined() + "\""
    }

    /// As between double quotes in YAML (1.2, 5.7); what cannot be seen is spelled out.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\"" || scalar == "\\" { return "\\" + String(scalar) }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        default: return String(scalar)
        }
    }
}
