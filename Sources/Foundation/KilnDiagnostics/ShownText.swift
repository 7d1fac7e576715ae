/// Text from elsewhere (archives, tools, registries, files) made fit for a terminal: no control character in it moves the
/// cursor, colours what follows, or begins a line that reads like one of ours.
package enum ShownText {
    /// As one line: newlines are shown as `\u{A}`.
    package static func line(_ text: String) -> String {
        escaped(text.unicodeScalars, keeping: [])
    }

    /// Line by line. Tabs stay, since tools lay their complaints out with them.
    package static func lines(_ text: String) -> [String] {
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { escaped($0, keeping: ["\t"]) }
    }

    /// As one character, so that what is shown below it stays below it.
    static func cell(_ character: Character) -> Character {
        if character == "\t" { return " " }
        return character.unicodeScalars.contains(where: isControl) ? "\u{FFFD}" : character
    }

    private static func escaped(
        _ scalars: some Sequence<Unicode.Scalar>,
        keeping kept: Set<Unicode.Scalar>
    ) -> String {
        var result = ""
        for scalar in scalars {
            if isControl(scalar), !kept.contains(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// C0, DEL and C1 (ISO/IEC 6429).
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}
