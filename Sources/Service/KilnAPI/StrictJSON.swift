import KilnDiagnostics
import KilnOCI

/// Reads JSON that has to be understood whole: a field that nobody reads may be one that matters.
package enum StrictJSON {
    /// Throws `APIError` for what is no JSON of the type, and for fields that the type does not know, at any depth.
    package static func decode<Value: Codable>(
        _ type: Value.Type,
        from bytes: [UInt8]
    ) throws(APIError) -> Value {
        let value: Value
        let given: JSONTree
        let known: JSONTree
        do {
            value = try CanonicalJSON.decode(type, from: bytes)
            given = try CanonicalJSON.decode(JSONTree.self, from: bytes)
            known = try CanonicalJSON.decode(JSONTree.self, from: try CanonicalJSON.encode(value))
        } catch let error as DecodingError {
            throw APIError.badBody(words(error))
        } catch {
            throw APIError.badBody(error.asDiagnostics.map(\.message).joined(separator: "; "))
        }
        if let field = given.field(unknownTo: known) { throw APIError.badBody("unknown field \(field)") }
        return value
    }

    private static func words(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: String(describing: error)
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the body" : path.map(\.stringValue).joined(separator: ".")
    }
}

/// The shape of some JSON, without its texts and numbers.
private indirect enum JSONTree: Decodable, Equatable {
    case null
    case leaf
    case list([JSONTree])
    case object([String: JSONTree])

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: AnyKey.self) {
            let fields = try container.allKeys.map {
                ($0.stringValue, try container.decode(JSONTree.self, forKey: $0))
            }
            self = .object(Dictionary(fields) { first, _ in first })
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSONTree] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONTree.self)) }
            self = .list(elements)
        } else {
            self = try decoder.singleValueContainer().decodeNil() ? .null : .leaf
        }
    }

    /// The path of the first field that the other lacks. One that is null says nothing, and is no field.
    func field(unknownTo known: JSONTree) -> String? {
        switch (self, known) {
        case (.object(let fields), .object(let others)):
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) where value != .null {
                guard let other = others[name] else { return name }
                if let deeper = value.field(unknownTo: other) { return "\(name).\(deeper)" }
            }
            return nil
        case (.list(let elements), .list(let others)):
            for (index, (value, other)) in zip(elements, others).enumerated() {
                if let deeper = value.field(unknownTo: other) { return "\(index).\(deeper)" }
            }
            return nil
        default: return nil
        }
    }
}
