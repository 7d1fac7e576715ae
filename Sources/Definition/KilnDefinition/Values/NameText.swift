import KilnDiagnostics

/// Names that users choose, as texts with an error that says what a name looks like.
enum NameText {
    static let pattern = "^[a-z][a-z0-9-]{0,39}$"
    static let rule = "lower-case letters, digits and -, a letter first, at most 40 characters"

    static func parse<Name: DefinitionName>(_ text: String, _ noun: String) throws(ValueError) -> Name {
        do {
            return try Name(parsing: text)
        } catch {
            throw ValueError(
                "bad-name",
                "\"\(text)\" is no name for \(noun.withArticle)",
                hint: hint(for: text)
            )
        }
    }

    /// The rule, or the name that it leaves of the text.
    private static func hint(for text: String) -> String {
        let near = text.lowercased().replacing("_", with: "-").replacing(".", with: "-").replacing(
            " ",
            with: "-"
        )
        guard near != text, let name = try? ImageName(parsing: near) else { return rule }
        return "\(rule): \(name)"
    }
}

extension String {
    /// The noun with `a` or `an` before it.
    var withArticle: String { (first.map { "aeio".contains($0) } ?? false ? "an " : "a ") + self }
}
