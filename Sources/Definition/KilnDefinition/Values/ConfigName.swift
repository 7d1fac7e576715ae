import KilnDiagnostics

/// Names in Kiln's own configuration store: a path such as `shop/prod`, and keys below it.
package enum ConfigName {
    static let pathPattern = "^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"

    package static func path(_ text: String) throws(ValueError) -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.utf8.count <= 200, parts.allSatisfy(isName) else {
            throw ValueError(
                "bad-config-path",
                "\"\(ShownText.line(text))\" is no path of the configuration store",
                hint: "names of letters, digits, ., _ and -, with / between them, such as shop/prod"
            )
        }
        return text
    }

    package static func key(_ text: String) throws(ValueError) -> String {
        guard text.utf8.count <= 200, isName(text[...]) else {
            throw ValueError(
                "bad-config-key",
                "\"\(ShownText.line(text))\" is no key of the configuration store",
                hint: "letters, digits, ., _ and -, such as log_level"
            )
        }
        return text
    }

    /// The variable that a key becomes: in capitals, everything but letters and digits as `_`; nil when nothing can be made of
    /// it.
    package static func variable(_ key: some StringProtocol) -> String? {
        let name = key.uppercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        guard let first = name.first, !first.isNumber else { return nil }
        return String(name)
    }

    private static func isName(_ text: Substring) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard let first = text.utf8.first, isPlain(first) else { return false }
        return text.utf8.allSatisfy { isPlain($0) || [45, 46, 95].contains($0) }
    }
}
