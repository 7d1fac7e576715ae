/// How a text stands in the lock: plain where every YAML reader takes it for a string, else double-quoted.
enum LockScalar {
    static func render(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        let allowed = text.utf8.allSatisfy { PackageSyntax.isAlphanumeric($0) || "._+~/%-".utf8.contains($0) }
        let startsPlain = PackageSyntax.isAlphanumeric(first) || first == 0x2F
        return allowed && startsPlain && !words.contains(text.lowercased()) && !isNumberLike(text)
    }

    /// What YAML 1.1 or 1.2 readers turn into a truth value or nothing.
    private static let words: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]

    /// Whether some YAML reader would take the text for a number or a date.
    private static func isNumberLike(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, PackageSyntax.isDigit(first) else { return false }
        if bytes.count > 1, first == 0x30, "xXoObB".utf8.contains(bytes[1]) { return true }
        if bytes.count > 5, bytes[4] == 0x2D, bytes[..<4].allSatisfy(PackageSyntax.isDigit) { return true }
        var rest = bytes[...]
        skipDigits(&rest)
        if rest.first == 0x2E {
            rest.removeFirst()
            skipDigits(&rest)
        }
        guard let exponent = rest.first else { return true }
        guard exponent == 0x65 || exponent == 0x45 else { return false }
        rest.removeFirst()
        if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest.removeFirst() }
        skipDigits(&rest)
        return rest.isEmpty
    }

    private static func skipDigits(_ bytes: inout ArraySlice<UInt8>) {
        bytes = bytes.drop { PackageSyntax.isDigit($0) || $0 == 0x5F }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.properties.isWhitespace && scalar != " " || isControl(scalar):
                let hex = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: true
        default: false
        }
    }
}
