/// Bytes of a text, taken from the left.
struct ByteCursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }
    var next: UInt8? { rest.first }
    /// The byte after the next.
    var afterNext: UInt8? { rest.dropFirst().first }

    mutating func skip(_ count: Int = 1) {
        rest = rest.dropFirst(count)
    }

    /// Takes the byte if it comes next.
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard let next, UInt32(next) == byte.value else { return false }
        skip()
        return true
    }

    /// Takes the word if it comes next.
    mutating func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        skip(word.utf8.count)
        return true
    }

    mutating func take(while holds: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = rest.prefix(while: holds)
        rest = rest[taken.endIndex...]
        return taken
    }

    mutating func digits() -> ArraySlice<UInt8> {
        take { $0.isDigit }
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLowercase: Bool { self >= 0x61 && self <= 0x7A }
    var isLetter: Bool { isLowercase || (self >= 0x41 && self <= 0x5A) }
    var isHexDigit: Bool { isDigit || (self >= 0x61 && self <= 0x66) || (self >= 0x41 && self <= 0x46) }
    /// ASCII letters made small; the rest as it is.
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
