/// Lines of YAML with comments, as a definition is written.
struct YAMLLines {
    private(set) var text = ""

    mutating func comment(_ words: String, indent: Int = 0) {
        for line in Self.wrapped(ShellText.comment(words), to: 108 - indent) {
            text += Self.blanks(indent) + "# " + line + "\n"
        }
    }

    mutating func line(_ words: String, indent: Int = 0) {
        text += Self.blanks(indent) + words + "\n"
    }

    mutating func gap() { text += "\n" }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }

    private static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// A value as text, whatever YAML would make of it bare; `${` stands for itself.
    static func text(_ value: String) -> String {
        let value = value.replacing("${", with: "$${")
        let isPlain = value.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                || "/._-+@".utf8.contains($0)
        }
        let first = value.utf8.first ?? 45
        let startsWell = (97...122).contains(first) || (65...90).contains(first) || first == 47
        let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        if isPlain, startsWell, !words.contains(value.lowercased()) { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if ShellText.isUnreadable(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }

    static func list(_ values: [String]) -> String {
        "[" + values.map(text).joined(separator: ", ") + "]"
    }
}
