import FoundationEssentials
import KilnOCI

/// What etcd's JSON gateway answers to a range request (etcd API reference, `RangeResponse`): numbers come as text, keys and
/// values as base64. Read within limits; what does not fit is an error.
package struct EtcdAnswer: Sendable, Hashable {
    package struct Problem: Error, Hashable {
        package let words: String
    }

    /// Most keys below one prefix.
    package static let keyLimit = 1000

    package let revision: Int64
    package let values: [String: [UInt8]]

    package init(_ bytes: [UInt8]) throws(Problem) {
        guard let wire = try? CanonicalJSON.decode(Wire.self, from: bytes) else {
            throw Problem(words: "an answer that is none of etcd's")
        }
        guard let revision = wire.header?.revision.flatMap({ Int64($0) }), revision >= 0 else {
            throw Problem(words: "an answer without a revision")
        }
        let pairs = wire.kvs ?? []
        guard pairs.count <= Self.keyLimit, wire.more != true else {
            throw Problem(words: "more than \(Self.keyLimit) keys")
        }
        var values: [String: [UInt8]] = [:]
        for pair in pairs {
            guard let key = Data(base64Encoded: pair.key), let value = Data(base64Encoded: pair.value ?? ""),
                let name = String(validating: key, as: UTF8.self)
            else { throw Problem(words: "a key or value that cannot be read") }
            guard value.count <= ConfigResolver.valueLimit else {
                throw Problem(words: "a value of more than \(ConfigResolver.valueLimit >> 20) MiB")
            }
            guard values.updateValue(Array(value), forKey: name) == nil else {
                throw Problem(words: "a key twice")
            }
        }
        self.revision = revision
        self.values = values
    }

    private struct Wire: Decodable {
        struct Header: Decodable {
            let revision: String?
        }

        struct Pair: Decodable {
            let key: String
            let value: String?
        }

        let header: Header?
        let kvs: [Pair]?
        let more: Bool?
    }
}

/// What etcd's JSON gateway says when it refuses.
struct EtcdRefusal: Decodable {
    let error: String?
    let message: String?

    /// In its words; nil when there are none.
    static func words(_ bytes: [UInt8]) -> String? {
        let refusal = try? CanonicalJSON.decode(EtcdRefusal.self, from: bytes)
        return refusal?.message ?? refusal?.error
    }
}
