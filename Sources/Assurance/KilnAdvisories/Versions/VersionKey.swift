/// A version as bytes whose plain order (lexicographic, unsigned) is the order of its scheme.
///
/// A version is parsed once into its key; from then on comparing is comparing bytes, in memory or in the database's file. That makes every order total: what could not
/// be told apart has one key.
package struct VersionKey: Sendable, Hashable, Comparable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func < (left: VersionKey, right: VersionKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// Writes the parts of a key so that their bytes sort as the parts do.
struct KeyWriter {
    private var bytes: [UInt8] = []

    var key: VersionKey { VersionKey(bytes: bytes) }

    /// What kind of part follows, or that none does.
    mutating func mark(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// A number of any length in ASCII digits; zeros in front do not count. Its length comes first, so that longer is greater.
    mutating func number(_ digits: some Collection<UInt8>) {
        let digits = digits.drop { $0 == UInt8(ascii: "0") }
        length(digits.count)
        bytes += digits
    }

    mutating func number(_ value: UInt64) {
        number(String(value).utf8)
    }

    /// A length of which less is greater, for parts that count backwards.
    mutating func inverted(_ count: Int) {
        bytes += [UInt8(truncatingIfNeeded: ~count >> 8), UInt8(truncatingIfNeeded: ~count)]
    }

    mutating func count(_ count: Int) {
        bytes += [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
    }

    /// Text without zero bytes: what it is the beginning of is greater.
    mutating func text(_ text: some Sequence<UInt8>) {
        bytes += text
        bytes.append(0)
    }

    private mutating func length(_ count: Int) {
        if count < 255 {
            bytes.append(UInt8(count))
        } else {
            bytes.append(255)
            self.count(count)
        }
    }
}
