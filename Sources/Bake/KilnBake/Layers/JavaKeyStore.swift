import KilnOCI

/// Java's own key store format, JKS (the class `sun.security.provider.JavaKeyStore` of OpenJDK): a magic number, a
/// version, a count, entries that each carry the moment of their making, and a digest over all of it that is keyed
/// with the store's password. All numbers are big-endian.
enum JavaKeyStore {
    /// Where Debian's ca-certificates-java keeps the certificates that Java trusts.
    static let trustStore = "etc/ssl/certs/java/cacerts"
    /// The password of the trust store. It is public: what it keeps is public, too.
    static let trustStorePassword = "changeit"

    private static let magic: UInt32 = 0xFEED_FEED
    private static let digestSize = 20

    /// The store with no entry made later than `epoch` or during the bake (`made`; all in seconds since 1970), digest
    /// included; nil when this is no such store or the password is another.
    static func clampDates(
        of store: [UInt8],
        to epoch: Int64,
        made: [ClosedRange<Int64>] = [],
        password: String = trustStorePassword
    ) -> [UInt8]? {
        guard store.count > digestSize else { return nil }
        var body = Array(store.dropLast(digestSize))
        guard digest(of: body, password: password) == Array(store.suffix(digestSize)) else { return nil }
        guard let dates = dateOffsets(in: body) else { return nil }
        let latest = UInt64(max(epoch, 0)) * 1000
        for offset in dates {
            var reader = BigEndianReader(bytes: body, offset: offset)
            guard let date = reader.integer(UInt64.self) else { continue }
            guard date > latest || made.contains(where: { $0.contains(Int64(date / 1000)) }) else { continue }
            for place in 0..<8 {
                body[offset + place] = UInt8(truncatingIfNeeded: latest >> (56 - 8 * place))
            }
        }
        return body + digest(of: body, password: password)
    }

    /// SHA-1 over the password in UTF-16, a fixed phrase and the store's content.
    private static func digest(of body: [UInt8], password: String) -> [UInt8] {
        let key = password.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        return FormerDigest.sha1(key + Array("Mighty Aphrodite".utf8) + body)
    }

    /// Where each entry's date (milliseconds since 1970, 8 bytes) begins; nil when the content isn't well formed.
    private static func dateOffsets(in body: [UInt8]) -> [Int]? {
        var reader = BigEndianReader(bytes: body)
        guard reader.integer(UInt32.self) == magic, let version = reader.integer(UInt32.self),
            (1...2).contains(version), let count = reader.integer(UInt32.self)
        else { return nil }
        var dates: [Int] = []
        for _ in 0..<count {
            guard let kind = reader.integer(UInt32.self), reader.skipText() else { return nil }
            dates.append(reader.offset)
            guard reader.skip(8), reader.skipEntry(kind: kind, version: version) else { return nil }
        }
        return reader.isAtEnd ? dates : nil
    }
}

/// Reads numbers from bytes, never past their end.
private struct BigEndianReader {
    let bytes: [UInt8]
    var offset = 0

    var isAtEnd: Bool { offset == bytes.count }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        let start = offset
        guard skip(Value.bitWidth / 8) else { return nil }
        return bytes[start..<offset].reduce(0) { $0 << 8 | Value($1) }
    }

    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count - offset >= count else { return false }
        offset += count
        return true
    }

    /// A text with its length in two bytes.
    mutating func skipText() -> Bool {
        guard let length = integer(UInt16.self) else { return false }
        return skip(Int(length))
    }

    /// A blob with its length in four bytes.
    mutating func skipBlob() -> Bool {
        guard let length = integer(UInt32.self) else { return false }
        return skip(Int(length))
    }

    /// What follows an entry's date: a private key (1) with its chain, or a trusted certificate (2).
    mutating func skipEntry(kind: UInt32, version: UInt32) -> Bool {
        switch kind {
        case 1:
            guard skipBlob(), let chain = integer(UInt32.self) else { return false }
            for _ in 0..<chain {
                guard skipCertificate(version: version) else { return false }
            }
            return true
        case 2: return skipCertificate(version: version)
        default: return false
        }
    }

    /// Version 2 names each certificate's type.
    private mutating func skipCertificate(version: UInt32) -> Bool {
        guard version == 1 || skipText() else { return false }
        return skipBlob()
    }
}
