import FoundationEssentials

/// base64 as signatures are written (RFC 4648): the standard letters or those for URLs, padded, and in one way only.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }

    /// nil for what is not the one text that these bytes have.
    static func decode(_ text: String) -> [UInt8]? {
        let standard = String(
            decoding: text.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "-"): UInt8(ascii: "+")
                case UInt8(ascii: "_"): UInt8(ascii: "/")
                default: byte
                }
            },
            as: UTF8.self
        )
        guard let data = Data(base64Encoded: standard) else { return nil }
        let bytes = Array(data)
        return encode(bytes) == standard ? bytes : nil
    }
}
