/// A text that may name variables: `${name}` stands for a variable's value, `$${` for `${` itself.
struct VariableText {
    enum Part: Hashable {
        case text(String)
        /// The variable's name.
        case reference(String)
        /// What begins like a reference and is none, as written.
        case malformed(String)
    }

    static let namePattern = "^[a-z][a-z0-9_]{0,63}$"
    static let nameRule = "lower-case letters, digits and _, a letter first, at most 64 characters"
    static let schemaName = "variables"
    /// What every value may be for a reader that puts no variables in.
    static let schema: JSONValue = [
        "description": "A value that names variables: ${name}.",
        "type": "string", "pattern": "\\$\\{[a-z][a-z0-9_]*\\}",
    ]

    let parts: [Part]

    /// nil for a text without any `${`, which most are.
    init?(_ text: String) {
        guard text.contains("${") else { return nil }
        var parts: [Part] = []
        var plain = ""
        var rest = text[...]
        while !rest.isEmpty {
            let run = rest.prefix { $0 != "$" }
            plain += run
            rest = rest[run.endIndex...]
            if rest.hasPrefix("$${") {
                plain += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(Self.reference(&rest))
            } else if let dollar = rest.popFirst() {
                plain.append(dollar)
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        self.parts = parts
    }

    private static func reference(_ rest: inout Substring) -> Part {
        let name = rest.dropFirst(2).prefix { $0 != "}" && $0 != "\n" && $0 != "$" }
        let after = rest[name.endIndex...]
        guard after.first == "}", isName(String(name)) else {
            let malformed = rest[
                ..<(after.first == "}" ? after.index(after: after.startIndex) : name.endIndex)
            ]
            rest = rest[malformed.endIndex...]
            return .malformed(String(malformed))
        }
        rest = after.dropFirst()
        return .reference(String(name))
    }

    static func isName(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard let first = text.utf8.first, (97...122).contains(first) else { return false }
        return allowed && text.utf8.count <= 64
    }
}

extension SyntaxFacts {
    /// The schema of a value in a file, which may name variables where it is a scalar.
    var valueSchema: JSONValue {
        guard case .scalar = layout, !schema.takesReferences else { return schema }
        return ["anyOf": [schema, ["$ref": .string("#/$defs/\(VariableText.schemaName)")]]]
    }
}

extension JSONValue {
    /// Whether such a value may hold any text, or none at all.
    fileprivate var takesReferences: Bool {
        guard case .object(let members) = self else { return true }
        let keys = members.map(\.key)
        if keys.contains("const") || members.contains(where: { $0.key == "type" && $0.value == "object" }) {
            return true
        }
        guard case .array(let types) = members.first(where: { $0.key == "type" })?.value else { return false }
        return types.contains("string") && !keys.contains("pattern")
    }
}
