import KilnSystem

/// What was wanted of an image, and what it said. Pure.
struct CheckAnswer: Sendable, Hashable {
    let passed: Bool
    let expected: String
    let seen: String

    static func of(http status: Int, _ body: String, expecting wanted: Int, _ text: String?) -> CheckAnswer {
        let expected = expectation(status: wanted, text)
        guard status == wanted else {
            return CheckAnswer(passed: false, expected: expected, seen: "HTTP \(status)")
        }
        return judged(expected, "HTTP \(status)", body, text)
    }

    static func of(
        exit status: Int32,
        _ output: String,
        expecting wanted: Int,
        _ text: String?
    ) -> CheckAnswer {
        let expected = expectation(exit: wanted, text)
        guard status == Int32(wanted) else {
            if status == 255, let missing = missingProgram(output) {
                return CheckAnswer(passed: false, expected: expected, seen: missing)
            }
            let said = output.split(separator: "\n").last.map { ": \($0)" } ?? ""
            return CheckAnswer(passed: false, expected: expected, seen: "exit status \(status)\(said)")
        }
        return judged(expected, "exit status \(status)", output, text)
    }

    /// What the runtime says of a program that it cannot start, without its own words around it.
    static func missingProgram(_ words: String) -> String? {
        guard let range = words.firstRange(of: "container process: exec: ") else { return nil }
        var said = String(words[range.upperBound...].prefix { $0 != "\n" })
            .replacing("\\\"", with: "\"")
        // What the runtime logs it puts into quotes as a whole.
        if said.count(where: { $0 == "\"" }) % 2 == 1, said.hasSuffix("\"") { said.removeLast() }
        return "a program that cannot be started: \(said)"
    }

    static func of(file facts: FileFacts?, exists: Bool, mode: UInt32?) -> CheckAnswer {
        let wanted = mode.map { "mode 0\(String($0, radix: 8))" }
        let expected = exists ? wanted ?? "something there" : "nothing there"
        guard let facts else {
            return CheckAnswer(passed: !exists, expected: expected, seen: "nothing there")
        }
        let seen = "mode 0\(String(facts.mode, radix: 8))"
        return CheckAnswer(
            passed: exists && (mode == nil || mode == facts.mode),
            expected: expected,
            seen: exists ? seen : "something there (\(seen))"
        )
    }

    static func expectation(status: Int, _ text: String?) -> String {
        "HTTP \(status)" + (text.map { " with \"\($0)\"" } ?? "")
    }

    static func expectation(exit status: Int, _ text: String?) -> String {
        "exit status \(status)" + (text.map { " with \"\($0)\"" } ?? "")
    }

    private static func judged(
        _ expected: String,
        _ seen: String,
        _ said: String,
        _ text: String?
    ) -> CheckAnswer {
        guard let text else { return CheckAnswer(passed: true, expected: expected, seen: seen) }
        if said.contains(text) { return CheckAnswer(passed: true, expected: expected, seen: expected) }
        let end =
            said.split(separator: "\n").last.map { ", which ends with \"\($0.suffix(120))\"" }
            ?? " with nothing"
        return CheckAnswer(passed: false, expected: expected, seen: seen + end)
    }
}
