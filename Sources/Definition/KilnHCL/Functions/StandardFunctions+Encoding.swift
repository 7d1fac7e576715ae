import FoundationEssentials

extension StandardFunctions {
    static let encodings: [String: HCLFunction] = [
        "base64encode": HCLFunction([.string]) { values throws(ConversionError) in
            .string(base64(Array(values.text(0).utf8)))
        }.giving(.string),
        "base64decode": HCLFunction([.string]) { values throws(ConversionError) in
            guard let text = String(validating: try bytes(base64: values.text(0)), as: UTF8.self) else {
                throw ConversionError(message: "what is encoded is no text in UTF-8")
            }
            return .string(text)
        }.giving(.string),
        "textencodebase64": HCLFunction([.string, .string]) { values throws(ConversionError) in
            .string(base64(try TextEncoding(named: values.text(1)).bytes(values.text(0))))
        }.giving(.string),
        "textdecodebase64": HCLFunction([.string, .string]) { values throws(ConversionError) in
            .string(try TextEncoding(named: values.text(1)).text(try bytes(base64: values.text(0))))
        }.giving(.string),
        "urlencode": HCLFunction([.string]) { values in .string(urlEncoded(values.text(0))) }.giving(.string),
        "jsonencode": HCLFunction([.dynamic], seesAll: true) { values throws(ConversionError) in
            guard values[0].isWhollyKnown else { return .unknown(.string) }
            return .string(try JSONText.encoded(values[0]))
        }.giving(.string),
        "jsondecode": HCLFunction([.string]) { values throws(ConversionError) in
            try JSONText.decoded(values.text(0))
        },
        "csvdecode": HCLFunction([.string]) { values throws(ConversionError) in
            try CommaSeparated.table(values.text(0))
        },
        "yamlencode": HCLFunction([.dynamic], seesAll: true) { values throws(ConversionError) in
            guard values[0].isWhollyKnown else { return .unknown(.string) }
            return .string(try YAMLText.encoded(values[0]))
        }.giving(.string),
        "yamldecode": HCLFunction([.string]) { values throws(ConversionError) in
            try YAMLText.decoded(values.text(0))
        },
    ]

    static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    private static func bytes(base64 text: String) throws(ConversionError) -> [UInt8] {
        let plain = text.filter { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
        guard let data = Data(base64Encoded: plain) else {
            throw ConversionError(message: "this is not base64")
        }
        return Array(data)
    }

    private static func urlEncoded(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.append(byte)
            case 32: result.append(43)
            default:
                result +=
                    [37] + Array((byte < 16 ? "0" : "").utf8)
                    + Array(String(byte, radix: 16).uppercased().utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Encodings of text, by their IANA names.
private enum TextEncoding {
    case utf8
    case utf16(isBigEndian: Bool)
    case latin1
    case ascii

    init(named name: String) throws(ConversionError) {
        switch name.uppercased() {
        case "UTF-8": self = .utf8
        case "UTF-16LE": self = .utf16(isBigEndian: false)
        case "UTF-16BE", "UTF-16": self = .utf16(isBigEndian: true)
        case "ISO-8859-1", "LATIN1": self = .latin1
        case "US-ASCII", "ASCII": self = .ascii
        default:
            throw ConversionError(
                message: "of encodings UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1 and US-ASCII are known"
            )
        }
    }

    func bytes(_ text: String) throws(ConversionError) -> [UInt8] {
        switch self {
        case .utf8: return Array(text.utf8)
        case .utf16(let isBigEndian):
            return text.utf16.flatMap { unit in
                let (high, low) = (UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit))
                return isBigEndian ? [high, low] : [low, high]
            }
        case .latin1, .ascii:
            var result: [UInt8] = []
            for scalar in text.unicodeScalars {
                guard scalar.value < limit else {
                    throw ConversionError(message: "a character is not in this encoding")
                }
                result.append(UInt8(scalar.value))
            }
            return result
        }
    }

    func text(_ bytes: [UInt8]) throws(ConversionError) -> String {
        var result: String?
        switch self {
        case .utf8: result = String(validating: bytes, as: UTF8.self)
        case .utf16(let isBigEndian):
            let units = stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).map { index in
                let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
                return isBigEndian ? first << 8 | second : second << 8 | first
            }
            if bytes.count % 2 == 0 { result = String(validating: units, as: UTF16.self) }
        case .latin1, .ascii:
            if bytes.allSatisfy({ UInt32($0) < limit }) {
                result = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            }
        }
        guard let result else { throw ConversionError(message: "the bytes are no text in this encoding") }
        return result
    }

    private var limit: UInt32 { if case .ascii = self { 128 } else { 256 } }
}
