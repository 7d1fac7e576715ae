/// The order of RubyGems' `Gem::Version`: segments by turns, a word before a number, and zeros at the end as good as none.
enum RubyGemsOrder {
    private enum Segment {
        case number(ArraySlice<UInt8>)
        case word(ArraySlice<UInt8>)

        var isZero: Bool {
            if case .number(let digits) = self {
                digits.allSatisfy { $0 == UInt8(ascii: "0") }
            } else {
                false
            }
        }

        var isWord: Bool {
            if case .word = self { true } else { false }
        }
    }

    /// What stands at a place, seen from the endless zeros that a shorter version goes on with.
    private enum Mark {
        static let wordAfterZeros: UInt8 = 1
        static let end: UInt8 = 2
        static let numberAfterZeros: UInt8 = 3
    }

    static func key(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> VersionKey {
        let segments = canonical(try segments(bytes))
        var writer = KeyWriter()
        var zeros = 0
        for segment in segments {
            if segment.isZero {
                zeros += 1
                continue
            }
            switch segment {
            case .word(let text):
                writer.mark(Mark.wordAfterZeros)
                writer.count(zeros)
                writer.text(text)
            case .number(let digits):
                writer.mark(Mark.numberAfterZeros)
                writer.inverted(zeros)
                writer.number(digits)
            }
            zeros = 0
        }
        writer.mark(Mark.end)
        return writer.key
    }

    /// `Gem::Version::VERSION_PATTERN`; a dash stands for `.pre.`.
    private static func segments(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> [Segment] {
        let dash = bytes.firstIndex(of: UInt8(ascii: "-"))
        let release = bytes[..<(dash ?? bytes.endIndex)].split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        guard release.first?.isEmpty == false, release.first?.allSatisfy(\.isDigit) == true else {
            throw .expected("a number in front")
        }
        guard release.allSatisfy({ !$0.isEmpty }) else { throw .expected("a segment") }
        var segments: [Segment] = []
        for word in release { try append(word, to: &segments) }
        guard let dash else { return segments }
        segments.append(.word(pre))
        for part in bytes[(dash + 1)...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard !part.isEmpty else { throw .expected("a segment") }
            for (place, word) in part.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
                .enumerated()
            {
                if place > 0 { segments.append(.word(pre)) }
                try append(word, to: &segments)
            }
        }
        return segments
    }

    private static let pre = ArraySlice("pre".utf8)

    private static func append(
        _ word: ArraySlice<UInt8>,
        to segments: inout [Segment]
    ) throws(VersionSyntaxError) {
        guard word.allSatisfy({ $0.isDigit || $0.isLetter }) else { throw .character }
        var cursor = ByteCursor(word)
        while !cursor.isAtEnd {
            let digits = cursor.digits()
            if !digits.isEmpty { segments.append(.number(digits)) }
            let letters = cursor.take { $0.isLetter }
            if !letters.isEmpty { segments.append(.word(letters)) }
        }
    }

    /// Without the zeros before the first word and at the end.
    private static func canonical(_ segments: [Segment]) -> [Segment] {
        let cut = segments.firstIndex(where: \.isWord) ?? segments.endIndex
        return withoutTrailingZeros(segments[..<cut]) + withoutTrailingZeros(segments[cut...])
    }

    private static func withoutTrailingZeros(_ segments: ArraySlice<Segment>) -> [Segment] {
        var segments = segments
        while segments.last?.isZero == true { segments.removeLast() }
        return Array(segments)
    }
}
