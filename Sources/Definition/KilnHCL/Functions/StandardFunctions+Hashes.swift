import Crypto
import FoundationEssentials

extension StandardFunctions {
    static let hashes: [String: HCLFunction] = [
        "md5": hash { hex(Insecure.MD5.hash(data: $0)) },
        "sha1": hash { hex(Insecure.SHA1.hash(data: $0)) },
        "sha256": hash { hex(SHA256.hash(data: $0)) },
        "sha512": hash { hex(SHA512.hash(data: $0)) },
        "base64sha256": hash { base64(Array(SHA256.hash(data: $0))) },
        "base64sha512": hash { base64(Array(SHA512.hash(data: $0))) },
        "uuidv5": HCLFunction([.string, .string]) { values throws(ConversionError) in
            .string(try named(values.text(1), in: values.text(0)))
        }.giving(.string),
    ]

    static let fileDigests: [(String, @Sendable ([UInt8]) -> String)] = [
        ("filemd5", { hex(Insecure.MD5.hash(data: $0)) }),
        ("filesha1", { hex(Insecure.SHA1.hash(data: $0)) }),
        ("filesha256", { hex(SHA256.hash(data: $0)) }),
        ("filesha512", { hex(SHA512.hash(data: $0)) }),
        ("filebase64sha256", { base64(Array(SHA256.hash(data: $0))) }),
        ("filebase64sha512", { base64(Array(SHA512.hash(data: $0))) }),
    ]

    private static func hash(_ body: @escaping @Sendable ([UInt8]) -> String) -> HCLFunction {
        HCLFunction([.string]) { .string(body(Array($0.text(0).utf8))) }.giving(.string)
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A name-based UUID (RFC 9562, 5.5).
    private static func named(_ name: String, in space: String) throws(ConversionError) -> String {
        let known = ["dns": 0x10, "url": 0x11, "oid": 0x12, "x500": 0x14]
        var prefix: [UInt8]
        if let place = known[space] {
            prefix = [
                0x6B, 0xA7, 0xB8, UInt8(place), 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0, 0xC0, 0x4F, 0xD4, 0x30,
                0xC8,
            ]
        } else {
            guard let uuid = UUID(uuidString: space)?.uuid else {
                throw ConversionError(message: "the name space is dns, url, oid, x500 or a UUID")
            }
            prefix = withUnsafeBytes(of: uuid) { Array($0) }
        }
        prefix += Array(name.utf8)
        var bytes = Array(Insecure.SHA1.hash(data: prefix).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = hex(bytes)
        var groups: [Substring] = []
        var rest = digits[...]
        for count in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return groups.joined(separator: "-")
    }
}
