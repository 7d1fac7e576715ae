import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI

/// How an image's checks went, as it is shown.
struct CheckReport: Encodable {
    let image: ImageName
    let digest: Digest
    let passed: Bool
    let checks: [CheckResult]
    let log: [String]

    init(_ image: ImageName, _ verdict: CheckVerdict) {
        self.image = image
        digest = verdict.image
        passed = verdict.passed
        checks = verdict.results
        log = verdict.log
    }

    /// A line for each check, then how many passed.
    func text(color: Bool) -> String {
        let failed = checks.count { !$0.passed }
        let summary =
            failed == 0
            ? "\(image) passes \(checks.count == 1 ? "its check" : "its \(checks.count) checks")"
            : "\(image) fails \(failed) of \(checks.count == 1 ? "1 check" : "\(checks.count) checks")"
        let lines = checks.map { result in
            let code = result.passed ? "32" : "31"
            let (mark, rest) = (result.line.prefix(1), result.line.dropFirst())
            return color ? "\u{1B}[\(code)m\(mark)\u{1B}[0m\(rest)" : result.line
        }
        return (lines + [summary]).joined(separator: "\n")
    }

    /// One suite with a case for each check, as CI systems read it.
    var junit: String {
        let cases = checks.map { result in
            let head = "  <testcase name=\"\(Self.escaped(result.check))\" time=\"\(result.seconds)\""
            guard !result.passed else { return head + "/>" }
            let message = Self.escaped("expected \(result.expected), saw \(result.seen)")
            return head
                + "><failure message=\"\(message)\">\(Self.escaped(log.joined(separator: "\n")))</failure></testcase>"
        }
        let failures = checks.count { !$0.passed }
        let head = "<testsuite name=\"\(image)\" tests=\"\(checks.count)\" failures=\"\(failures)\">"
        return (["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", head] + cases + ["</testsuite>", ""])
            .joined(separator: "\n")
    }

    private static func escaped(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value >= 0x20 || $0 == "\n" || $0 == "\t" }
            )
        )
        .replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;")
    }
}

extension CheckResult {
    /// `✓ http :8080/healthz: HTTP 200`.
    var line: String {
        let text = passed ? "✓ \(check): \(seen)" : "✗ \(check): expected \(expected), saw \(seen)"
        return ShownText.line(text)
    }
}
