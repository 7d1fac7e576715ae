/// Escapes and brackets.
extension PatternReader {
    mutating func escape() throws(ConversionError) -> PatternNode {
        guard let next = peek(1) else { throw refused("a lone backslash") }
        let assertions: [UInt32: PatternNode.Assertion] = [
            0x41: .textStart, 0x7A: .textEnd, 0x62: .wordBoundary, 0x42: .noWordBoundary,
        ]
        if let assertion = assertions[next] {
            at += 2
            return .assertion(assertion)
        }
        if let set = try named() { return .set(set) }
        return .set(literal(try scalarEscape()))
    }

    /// `\d`, `\pL` and their like.
    private mutating func named() throws(ConversionError) -> ScalarSet? {
        guard let next = peek(1) else { return nil }
        let lower = next | 0x20
        if let ranges = Self.perl[lower] {
            at += 2
            return ScalarSet(ranges: ranges, isNegated: next != lower)
        }
        guard lower == 0x70 else { return nil }
        at += 2
        var isNegated = next == 0x50
        var name = ""
        if take("{") {
            if take("^") { isNegated.toggle() }
            while let scalar = peek().flatMap(Unicode.Scalar.init), scalar != "}" {
                name.unicodeScalars.append(scalar)
                at += 1
            }
            guard take("}") else { throw refused("a class is not closed") }
        } else if let scalar = peek().flatMap(Unicode.Scalar.init) {
            name.unicodeScalars.append(scalar)
            at += 1
        }
        guard ScalarSet.Category.known.contains(name) else {
            throw refused("no class \"\(name)\"; general categories such as L, Lu or Nd are known")
        }
        return ScalarSet(categories: [.init(name: name, isNegated: isNegated)])
    }

    private static let perl: [UInt32: [ClosedRange<UInt32>]] = [
        0x64: [48...57], 0x73: [9...10, 12...13, 32...32], 0x77: [48...57, 65...90, 95...95, 97...122],
    ]

    private mutating func scalarEscape() throws(ConversionError) -> UInt32 {
        at += 1
        guard let next = peek() else { throw refused("a lone backslash") }
        at += 1
        let plain: [UInt32: UInt32] = [0x61: 7, 0x66: 12, 0x74: 9, 0x6E: 10, 0x72: 13, 0x76: 11]
        if let scalar = plain[next] { return scalar }
        switch next {
        case 0x78: return try hexadecimal()
        case 0x30...0x37 where next == 0x30 || peek().map { (0x30...0x37).contains($0) } == true:
            var value = next - 0x30
            for _ in 0..<2 {
                guard let digit = peek(), (0x30...0x37).contains(digit) else { break }
                value = value * 8 + digit - 0x30
                at += 1
            }
            return value
        default:
            let isWord = (48...57).contains(next) || (65...90).contains(next | 0x20 ^ 0x20) || next >= 0x80
            guard !isWord else { throw refused("there is no such escape") }
            return next
        }
    }

    private mutating func hexadecimal() throws(ConversionError) -> UInt32 {
        let isBraced = take("{")
        var digits = ""
        while digits.count < (isBraced ? 8 : 2), let scalar = peek().flatMap(Unicode.Scalar.init),
            scalar.properties.isASCIIHexDigit
        {
            digits.unicodeScalars.append(scalar)
            at += 1
        }
        guard let value = UInt32(digits, radix: 16), value <= 0x10FFFF, !isBraced || take("}"),
            isBraced || digits.count == 2
        else { throw refused("hexadecimal digits of a character are expected") }
        return value
    }

    mutating func bracket() throws(ConversionError) -> ScalarSet {
        at += 1
        var result = ScalarSet(isNegated: take("^"), foldsCase: flags.foldsCase)
        // A negated set takes newlines, as in RE2.
        var isFirst = true
        while let next = peek() {
            if next == 0x5D, !isFirst {
                at += 1
                return result
            }
            isFirst = false
            if starts("[:") {
                if let set = try posix() {
                    result.ranges += set
                    continue
                }
            }
            if next == 0x5C, let set = try named() {
                result.ranges += set.isNegated ? Self.complement(set.ranges) : set.ranges
                result.categories += set.categories
                continue
            }
            let low = try member()
            guard peek() == 0x2D, let after = peek(1), after != 0x5D else {
                result.ranges.append(low...low)
                continue
            }
            at += 1
            let high = try member()
            guard low <= high else { throw refused("a range that runs backwards") }
            result.ranges.append(low...high)
        }
        throw refused("a bracket is not closed")
    }

    private mutating func member() throws(ConversionError) -> UInt32 {
        guard let next = peek() else { throw refused("a bracket is not closed") }
        if next == 0x5C { return try scalarEscape() }
        at += 1
        return next
    }

    private mutating func posix() throws(ConversionError) -> [ClosedRange<UInt32>]? {
        guard
            let end = (at..<text.count - 1).first(where: {
                text[$0] == 0x3A && text[$0 + 1] == 0x5D && $0 > at + 1
            })
        else { return nil }
        var name = String(String.UnicodeScalarView(text[(at + 2)..<end].compactMap(Unicode.Scalar.init)))
        let isNegated = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        guard let ranges = Self.posixClasses[name] else { throw refused("no class \"\(name)\"") }
        at = end + 2
        return isNegated ? Self.complement(ranges) : ranges
    }

    private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var (result, next): ([ClosedRange<UInt32>], UInt32) = ([], 0)
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        return next <= 0x10FFFF ? result + [next...0x10FFFF] : result
    }

    private static let posixClasses: [String: [ClosedRange<UInt32>]] = [
        "alnum": [48...57, 65...90, 97...122], "alpha": [65...90, 97...122], "ascii": [0...127],
        "blank": [9...9, 32...32], "cntrl": [0...31, 127...127], "digit": [48...57], "graph": [33...126],
        "lower": [97...122], "print": [32...126], "punct": [33...47, 58...64, 91...96, 123...126],
        "space": [9...13, 32...32], "upper": [65...90],
        "word": [48...57, 65...90, 95...95, 97...122], "xdigit": [48...57, 65...70, 97...102],
    ]
}
