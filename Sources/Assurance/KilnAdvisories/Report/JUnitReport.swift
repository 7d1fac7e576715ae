import KilnOCI

/// The report as JUnit XML: one test for each finding, failed where it counts, skipped where it was set aside.
package enum JUnitReport {
    package static func render(_ report: ScanReport) -> String {
        let judgement = report.judgement
        let failures = judgement.findings.count + report.secrets.count
        let total = failures + judgement.suppressed.count
        let counts =
            "tests=\"\(max(1, total))\" failures=\"\(failures)\" skipped=\"\(judgement.suppressed.count)\" errors=\"0\""
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuites \(counts)>",
            "  <testsuite name=\"\(XMLText.escaped("kiln scan \(report.subject)"))\" \(counts)>",
            "    <properties>",
        ]
        let properties = [
            ("imageDigest", report.imageDigest?.description),
            ("databaseDigest", report.databaseDigest.description),
            ("databaseDate", report.databaseDate.description),
        ]
        for case (let name, let value?) in properties {
            lines.append("      <property name=\"\(name)\" value=\"\(XMLText.escaped(value))\"/>")
        }
        lines.append("    </properties>")
        if total == 0 {
            lines.append(
                "    <testcase classname=\"\(XMLText.escaped(report.subject))\" name=\"no vulnerabilities\"/>"
            )
        }
        for finding in judgement.findings { lines += testCase(finding, skipped: nil) }
        for secret in report.secrets { lines += testCase(secret) }
        for suppressed in judgement.suppressed {
            lines += testCase(suppressed.finding, skipped: suppressed.reason)
        }
        return (lines + ["  </testsuite>", "</testsuites>", ""]).joined(separator: "\n")
    }

    private static func testCase(_ secret: SecretNote) -> [String] {
        let name = XMLText.escaped("\(secret.kind) \(secret.path) \(secret.fingerprint)")
        return [
            "    <testcase classname=\"secrets\" name=\"\(name)\">",
            "      <failure type=\"secret\" message=\"\(XMLText.escaped(secret.shown))\"/>",
            "    </testcase>",
        ]
    }

    private static func testCase(_ finding: Finding, skipped: String?) -> [String] {
        let package = XMLText.escaped("\(finding.package.ecosystem)/\(finding.package.name)")
        let name = XMLText.escaped(
            "\(finding.vulnerability) \(finding.package.name) \(finding.package.version)"
        )
        let head = "    <testcase classname=\"\(package)\" name=\"\(name)\">"
        let body: String
        if let skipped {
            body = "      <skipped message=\"\(XMLText.escaped(skipped))\"/>"
        } else {
            let message = XMLText.escaped("\(finding.severity): \(finding.remedy)")
            let text = ([finding.advisory.summary] + finding.advisory.references).filter { !$0.isEmpty }
            body =
                "      <failure type=\"\(finding.severity)\" message=\"\(message)\">"
                + XMLText.escaped(text.joined(separator: "\n")) + "</failure>"
        }
        return [head, body, "    </testcase>"]
    }
}

/// Text made fit for XML 1.0: markup escaped, characters that XML has no words for replaced.
package enum XMLText {
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
