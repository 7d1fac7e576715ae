import FoundationEssentials

/// JSON as Kiln writes what it hashes: sorted keys, no spaces, slashes as they are, nil left out.
package enum CanonicalJSON {
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        try encode(value, formatting: [.sortedKeys, .withoutEscapingSlashes])
    }

    /// The same content laid out for people.
    package static func encodePretty(_ value: some Encodable) throws -> [UInt8] {
        try encode(value, formatting: [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted])
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    private static func encode(
        _ value: some Encodable,
        formatting: JSONEncoder.OutputFormatting
    ) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting
        return Array(try encoder.encode(value))
    }
}
