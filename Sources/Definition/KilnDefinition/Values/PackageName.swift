/// Names of Debian packages (Debian Policy, section 5.6.1), and nothing that apt would read as more than a name.
enum PackageName {
    static let pattern = "^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$"

    static func parse(_ text: String) throws(ValueError) -> String {
        func refusal(_ hint: String?) -> ValueError {
            ValueError("bad-package", "\"\(text)\" is no package name", hint: hint)
        }
        if let index = text.firstIndex(where: { $0 == "=" || $0 == "/" }) {
            throw refusal(
                "write \(text[..<index]): kiln.lock pins the version, and kiln lock --update moves it"
            )
        }
        if let index = text.firstIndex(of: ":") {
            throw refusal("write \(text[..<index]): the architecture is the machine's own")
        }
        let isWord = text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || [43, 45, 46].contains(byte)
        }
        guard text.utf8.count >= 2, text.utf8.count <= 128, isWord, let first = text.utf8.first,
            (97...122).contains(first) || (48...57).contains(first), text.utf8.last != 45
        else {
            throw refusal(
                "lower-case letters, digits, +, - and ., at least two characters, such as ca-certificates"
            )
        }
        return text
    }
}
