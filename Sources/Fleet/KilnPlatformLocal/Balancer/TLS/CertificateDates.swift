import FoundationEssentials
import KilnSystem

/// From when and until when a certificate is valid (RFC 5280, 4.1.2.5), in seconds since 1970.
struct CertificateDates: Sendable, Hashable {
    let begin: Int64
    let end: Int64

    /// nil for what is no certificate.
    init?(_ block: PEMText.Block) {
        guard block.isCertificate, let data = Data(base64Encoded: block.payload) else { return nil }
        self.init(der: Array(data))
    }

    init?(der bytes: [UInt8]) {
        var whole = DERReader(bytes[...])
        guard var certificate = whole.enter(0x30), var content = certificate.enter(0x30) else { return nil }
        // The version, where one is written.
        if content.peek == 0xA0 { _ = content.read() }
        // Serial number, signature's algorithm, issuer.
        for _ in 0..<3 { guard content.read() != nil else { return nil } }
        guard var validity = content.enter(0x30), let begin = validity.read().flatMap(Self.time),
            let end = validity.read().flatMap(Self.time)
        else { return nil }
        (self.begin, self.end) = (begin, end)
    }

    /// `YYMMDDhhmmssZ` with years from 1950, or `YYYYMMDDhhmmssZ`.
    private static func time(_ element: DERReader.Element) -> Int64? {
        var digits = String(decoding: element.content, as: UTF8.self)
        guard digits.popLast() == "Z", digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        switch element.tag {
        case 0x17 where digits.utf8.count == 12: digits = (digits < "50" ? "20" : "19") + digits
        case 0x18 where digits.utf8.count == 14: break
        default: return nil
        }
        let all = Array(digits)
        func part(_ range: Range<Int>) -> String { String(all[range]) }
        return WallClock.parse(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
        )
    }
}

/// Elements of DER (X.690), one after another; reads nothing past its end.
struct DERReader {
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var peek: UInt8? { rest.first }

    mutating func read() -> Element? {
        var rest = rest
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first & 0x80 != 0 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        self.rest = rest.dropFirst(length)
        return Element(tag: tag, content: rest.prefix(length))
    }

    /// What is inside of the next element, if it has this tag.
    mutating func enter(_ tag: UInt8) -> DERReader? {
        guard peek == tag, let element = read() else { return nil }
        return DERReader(element.content)
    }
}
