import KilnDiagnostics
import KilnSystem

/// Which lines of a script failed, as far as that can be told. Pure.
struct FailedLines: Equatable {
    /// 1-based.
    let first: Int
    let last: Int

    /// Of a shell that took this many bytes of its script.
    init?(script: [UInt8], taken: Int, outcome: ContainerRunner.Outcome) {
        // By bytes: "\r\n" is one character.
        let lines = script.split(separator: 10, omittingEmptySubsequences: false).map { line in
            Substring(String(decoding: line, as: UTF8.self))
        }
        let whole = script.prefix(taken)
        guard let lastTaken = whole.last else { return nil }
        let end = whole.count { $0 == 10 } + (lastTaken == 10 ? 0 : 1)
        // What stands there last was read to find the end of what failed.
        guard let last = (1...end).last(where: { !Self.isEmpty(lines[$0 - 1]) }) else { return nil }
        let first = Self.start(of: last, in: lines)
        // The shell's own last complaint is the more exact, if what failed was the shell's own trouble and not a
        // command that came after.
        if let told = outcome.lastLines.last.flatMap(Self.told), told <= lines.count,
            (first...last).contains(told) || Self.ownStatuses.contains(outcome.status)
        {
            self.init(first: told, last: told)
        } else {
            self.init(first: first, last: last)
        }
    }

    /// What a shell ends with for a program that is missing or cannot be run, and for an error of its own.
    private static let ownStatuses: [ToolStatus] = [.exited(2), .exited(126), .exited(127)]

    /// Of what bash noted: a status and a line for each failure, the last of which ended the script with its status.
    init?(noted: String, status: ToolStatus) {
        let notes = noted.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
        guard case .exited(let code) = status, let note = notes.last, note.count == 2, note[0] == Int(code),
            note[1] > 0
        else { return nil }
        first = note[1]
        last = note[1]
    }

    private init(first: Int, last: Int) {
        self.first = first
        self.last = last
    }

    /// The line that a shell's own complaint names: `/kiln/step: 6: x: not found`, `/kiln/step: line 6: …`.
    static func told(_ output: String) -> Int? {
        guard output.hasPrefix(StepScript.path + ": ") else { return nil }
        let words = output.dropFirst(StepScript.path.count + 2).split(separator: ":").prefix(3)
        return words.lazy.compactMap { word in
            let trimmed = word.drop { $0 == " " }
            return Int(trimmed.hasPrefix("line ") ? trimmed.dropFirst(5) : trimmed)
        }.first { $0 > 0 }
    }

    private static func isEmpty(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " || $0 == "\t" }
        return text.isEmpty || text.first == "#"
    }

    /// Where a command began that ends on this line: a block's opening line stands at the same indentation, a here
    /// document names its end, a line may go on from the one above.
    private static func start(of end: Int, in lines: [Substring]) -> Int {
        var start = end
        let text = lines[end - 1]
        let indent = indentation(of: text)
        let word = text.dropFirst(indent).prefix { !" \t;|&><".contains($0) }
        if ["fi", "done", "esac", "}", ")"].contains(word) {
            let inner = ["then", "do", "else", "elif"]
            start =
                (1..<end).last { number in
                    let line = lines[number - 1]
                    let begin = line.dropFirst(indent).prefix { !" \t;(".contains($0) }
                    return !isEmpty(line) && indentation(of: line) == indent && !inner.contains(String(begin))
                } ?? end
        } else if !word.isEmpty, word.count == text.count - indent {
            let ends = ["<<\(word)", "<<'\(word)'", "<<\"\(word)\"", "<<-\(word)", "<<-'\(word)'"]
            start = (1..<end).last { number in ends.contains { lines[number - 1].contains($0) } } ?? end
        }
        while start > 1, ["\\", "|", "&&", "||"].contains(where: { lines[start - 2].hasSuffix($0) }) {
            start -= 1
        }
        return start
    }

    private static func indentation(of line: Substring) -> Int {
        line.prefix { $0 == " " || $0 == "\t" }.count
    }

    /// The first of them in the script, for an excerpt.
    func span(in script: SourceText) -> SourceSpan? { Self.span(of: first, in: script) }

    static func span(of number: Int, in script: SourceText) -> SourceSpan? {
        guard let line = script.line(number) else { return nil }
        let indent = line.prefix { $0 == " " || $0 == "\t" }.count
        return SourceSpan(source: script, line: number, column: indent + 1, length: line.count - indent)
    }
}
