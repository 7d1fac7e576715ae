import KilnDiagnostics
import Yams

/// What the YAML parser found wrong, told in terms of what to write instead.
struct YAMLSyntaxError {
    private let lines: SourceLines
    private let words: String
    private let place: YAMLPlace
    /// Where the construct began that did not end well.
    private let start: YAMLPlace?

    init(_ error: any Error, lines: SourceLines) {
        self.lines = lines
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            words = problem
            place = YAMLPlace(line: mark.line, column: mark.column)
            start = context.map { YAMLPlace(line: $0.mark.line, column: $0.mark.column) }
        case YamlError.reader(let problem, _, _, _):
            words = problem
            place = YAMLPlace(line: 1, column: 1)
            start = nil
        default:
            words = String(describing: error)
            place = YAMLPlace(line: 1, column: 1)
            start = nil
        }
    }

    var problem: Problem {
        let telling = self.telling
        let subject = telling.subject == .start ? start ?? place : place
        let error = Diagnostic(
            code: "definition." + telling.code,
            telling.message,
            at: lines.span(subject),
            causes: telling.isOurs ? [] : [words],
            hint: telling.hint,
            exitStatus: .usage
        )
        guard let note = telling.note, let start, start.line != place.line else {
            return Problem(error: error)
        }
        let other = subject == place ? start : place
        return Problem(
            error: error,
            notes: [
                Diagnostic(.note, code: "definition.place", note, at: lines.span(other), exitStatus: .usage)
            ]
        )
    }

    private enum Subject {
        /// Where the parser gave up.
        case end
        /// Where the construct began.
        case start
    }

    private struct Telling {
        var code = "syntax"
        var message: String
        var hint: String?
        var subject = Subject.end
        /// What is said of the other of the two places.
        var note: String?
        var isOurs = true
    }

    private var telling: Telling {
        let next = lines.scalar(at: place)
        if words.contains("tab character") || (words.contains("cannot start any token") && next == "\t") {
            return Telling(
                code: "tab",
                message: "a tab, where YAML takes spaces only",
                hint: "indent with two spaces"
            )
        }
        if words.contains("nesting level") {
            return Telling(
                code: "too-large",
                message: "more than \(YAMLDocument.depthLimit) levels deep"
            )
        }
        if words.contains("cannot start any token"), let next {
            return Telling(
                message: "a value cannot start with \"\(next)\"",
                hint: "put the value in double quotes"
            )
        }
        return Self.tellings.first { words.contains($0.words) }?.telling
            ?? Telling(message: "this is no YAML", hint: nil, isOurs: false)
    }

    private static let tellings: [(words: String, telling: Telling)] = [
        (
            "mapping values are not allowed",
            Telling(
                message: "a key and a colon do not fit here",
                hint:
                    "give the keys of one object the same indentation, and put a value that holds \": \" in quotes"
            )
        ),
        (
            "expected key",
            Telling(
                message: "this is indented otherwise than the keys above it",
                hint: "start the keys of one object in the same column",
                note: "an object starts here"
            )
        ),
        (
            "expected '-' indicator",
            Telling(
                message: "each item of the list above starts with \"- \", this does not",
                hint: "start the items of one list in the same column",
                note: "the list starts here"
            )
        ),
        (
            "expected ',' or ']'",
            Telling(
                message: "a list in brackets has no end, or no comma between two items",
                hint: "close it with ]",
                subject: .start,
                note: "this does not fit into it"
            )
        ),
        (
            "expected ',' or '}'",
            Telling(
                message: "an object in braces has no end, or no comma between two keys",
                hint: "close it with }",
                subject: .start,
                note: "this does not fit into it"
            )
        ),
        (
            "could not find expected ':'",
            Telling(
                message: "a key without a colon",
                hint: "write key: value, or \"- \" before an item of a list",
                subject: .start
            )
        ),
        (
            "unexpected end of stream",
            Telling(message: "a quote has no end", hint: "close it", subject: .start)
        ),
        (
            "unknown escape",
            Telling(
                message: "an escape that YAML does not know",
                hint: "in double quotes a backslash is written \\\\; in single quotes it stands for itself"
            )
        ),
        (
            "block sequence entries",
            Telling(
                message: "a list item does not fit here",
                hint: "put the list below its key, each \"- \" on a line"
            )
        ),
        (
            "undefined alias",
            Telling(
                code: "anchor",
                message: "anchors and aliases (& and *) are not read",
                hint: "put a value that starts with * in double quotes"
            )
        ),
        (
            "another document",
            Telling(message: "a second document, where a definition is one", hint: "delete the line with ---")
        ),
    ]
}
