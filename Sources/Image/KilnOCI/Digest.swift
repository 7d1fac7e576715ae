import Crypto

/// The sha256 of some bytes, written `sha256:` and 64 lower-case hex digits (OCI image spec, descriptor.md).
package protocol ContentDigest: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    /// The 64 hex digits.
    var hex: String { get }
    /// The caller vouches that these are 64 lower-case hex digits; everything from outside goes through `init(parsing:)`.
    init(trustedHex: String)
}

extension ContentDigest {
    /// Reads `sha256:<hex>`.
    package init(parsing text: String) throws(DigestSyntaxError) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix) else { throw .algorithm(text) }
        try self.init(parsingHex: String(text.dropFirst(prefix.count)))
    }

    /// Reads the 64 hex digits alone, as package indexes write them.
    package init(parsingHex hex: String) throws(DigestSyntaxError) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw .notHex(hex) }
        self.init(trustedHex: hex)
    }

    package init(of bytes: some Sequence<UInt8>) {
        var hasher = ContentHasher()
        hasher.update(Array(bytes))
        self = hasher.finish()
    }

    package init(of text: String) {
        self.init(of: text.utf8)
    }

    package var description: String { "sha256:" + hex }
    /// Twelve hex digits: for people and for short file names, never for identity.
    package var short: String { String(hex.prefix(12)) }

    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }

    package init(from decoder: any Decoder) throws {
        try self.init(parsing: try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Why a text is no digest.
package enum DigestSyntaxError: Error, Equatable {
    case algorithm(String)
    case notHex(String)
}

/// Identifies a blob: the digest of exactly the bytes that are stored or sent (compressed, for a layer).
package struct Digest: ContentDigest {
    package let hex: String
    package init(trustedHex: String) { hex = trustedHex }
}

/// Identifies a layer's content: the digest of its *uncompressed* tar (OCI image spec, config.md).
package struct DiffID: ContentDigest {
    package let hex: String
    package init(trustedHex: String) { hex = trustedHex }
}

/// sha256 over bytes that arrive in pieces.
package struct ContentHasher: Sendable {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state.update(bufferPointer: bytes)
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
    }

    package mutating func update(_ text: String) {
        update(Array(text.utf8))
    }

    package func finish<Result: ContentDigest>() -> Result {
        Result(trustedHex: Self.hex(state.finalize()))
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hex, as: UTF8.self)
    }
}
