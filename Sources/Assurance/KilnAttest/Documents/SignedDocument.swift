package import KilnAdvisories

/// Why bytes are not the document that they should be.
package enum DocumentError: Error, Hashable {
    case tooLong(limit: Int)
    case syntax(JSONSyntaxError)
    /// Two readers could take different ones for what was signed.
    case repeatedName(String)
    /// A field that is missing, or is something else than it must be.
    case field(String)
    case base64(String)
    case tooMany(String)

    package var words: String {
        switch self {
        case .tooLong(let limit): "it has more than \(limit) bytes"
        case .syntax(let error): "\(error.reason.rawValue) at byte \(error.offset)"
        case .repeatedName(let name): "it has \"\(name.prefix(80))\" twice in one object"
        case .field(let name): "its \(name) is missing, or not what it must be"
        case .base64(let name): "its \(name) is no base64"
        case .tooMany(let name): "it has too many \(name)"
        }
    }
}

/// JSON that was signed: read in the one way that there is.
enum SignedDocument {
    static func read(_ bytes: [UInt8], limit: Int) throws(DocumentError) -> JSONValue {
        guard bytes.count <= limit else { throw .tooLong(limit: limit) }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes[...])
        } catch {
            throw .syntax(error)
        }
        try check(value)
        return value
    }

    private static func check(_ value: JSONValue) throws(DocumentError) {
        var names: Set<String> = []
        for member in value.members {
            guard names.insert(member.name).inserted else { throw .repeatedName(member.name) }
            try check(member.value)
        }
        for item in value.items { try check(item) }
    }
}

extension JSONValue {
    func text(_ name: String, _ shown: String? = nil) throws(DocumentError) -> String {
        guard let text = self[name]?.text else { throw .field(shown ?? name) }
        return text
    }

    func object(_ name: String) throws(DocumentError) -> JSONValue {
        guard let value = self[name], case .object = value else { throw .field(name) }
        return value
    }

    func list(_ name: String) throws(DocumentError) -> [JSONValue] {
        guard let value = self[name], case .array(let items) = value else { throw .field(name) }
        return items
    }

    /// One line of JSON, for people.
    package var shown: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .array(let items): "[" + items.map(\.shown).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.name): \($0.value.shown)" }.joined(separator: ", ") + "}"
        }
    }
}
