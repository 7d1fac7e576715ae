package import KilnAdvisories

/// A finding that may stay for a while: where, which, why, until when.
package struct LintIgnore: Sendable, Hashable {
    package let rules: [String]
    /// The last day on which it holds; nil when none was given, or no day.
    package let until: CalendarDate?
    package let reason: String?
    /// Of a line in the settings: files that it is for, as a pattern; nil: all.
    package let path: String?

    package init(rules: [String], until: CalendarDate?, reason: String?, path: String? = nil) {
        self.rules = rules
        self.until = until
        self.reason = reason
        self.path = path
    }

    /// Why it does not hold; nil when it does.
    func fault(on today: CalendarDate) -> String? {
        if rules.isEmpty { return "names no rule" }
        if let unknown = rules.first(where: { RuleTable.rule($0) == nil }) {
            return "names \(unknown), which is no rule"
        }
        guard let reason, reason.contains(where: { !$0.isWhitespace }) else { return "gives no reason" }
        guard let until else { return "gives no day as its end (until=2027-01-01)" }
        return today > until ? "ended on \(until)" : nil
    }
}

/// `# kiln-lint: ignore IL001,IL002 until=2027-01-01 reason="…"`, on the line itself or above the statement it is for.
struct SuppressionComment: Sendable {
    let ignore: LintIgnore
    let range: Range<Int>
    /// Bytes whose findings it sets aside.
    let covers: Range<Int>

    private static let mark = Array("kiln-lint:".utf8)

    static func all(in source: LintSource, statements: [Range<Int>]) -> [SuppressionComment] {
        var found: [SuppressionComment] = []
        let bytes = source.bytes
        guard bytes.count > mark.count else { return [] }
        var index = 0
        while let colon = bytes[index...].firstIndex(of: UInt8(ascii: ":")) {
            index = colon + 1
            let start = colon - mark.count + 1
            guard start >= 0, bytes[colon - 1] == UInt8(ascii: "t"), bytes[start...colon].elementsEqual(mark)
            else { continue }
            let line = source.lineStart(of: start)
            let before = String(decoding: bytes[line..<start], as: UTF8.self)
            guard let hash = before.lastIndex(of: "#") ?? before.firstRange(of: "//")?.lowerBound,
                before[hash...].allSatisfy({ $0 == "#" || $0 == "/" || $0 == " " || $0 == "\t" })
            else { continue }
            let end = source.lineEnd(of: colon)
            guard let ignore = parse(String(decoding: bytes[(colon + 1)..<end], as: UTF8.self)) else {
                continue
            }
            let isAlone = before[..<hash].allSatisfy { $0 == " " || $0 == "\t" }
            let covers = isAlone ? next(after: end, source, statements) : line..<end
            found.append(SuppressionComment(ignore: ignore, range: start..<end, covers: covers))
        }
        return found
    }

    /// The statement below a comment that stands alone; at least its first line.
    private static func next(after end: Int, _ source: LintSource, _ statements: [Range<Int>]) -> Range<Int> {
        var start = min(end + 1, source.bytes.count)
        while start < source.bytes.count {
            let stop = source.lineEnd(of: start)
            let text = source.bytes[start..<stop].drop { $0 == 32 || $0 == 9 }
            if !text.isEmpty, text.first != UInt8(ascii: "#"), !text.starts(with: "//".utf8) { break }
            start = min(stop + 1, source.bytes.count)
            if stop == source.bytes.count { break }
        }
        let stop = source.lineEnd(of: start)
        let statement = statements.first { $0.lowerBound >= start && $0.lowerBound < stop }
        return start..<max(stop, statement?.upperBound ?? stop)
    }

    private static func parse(_ text: String) -> LintIgnore? {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for character in text + " " {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == " " || character == "\t" || character == "\r" {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if quote != nil { words.append(word) }
        guard words.first == "ignore" else { return nil }
        var rules: [String] = []
        var until: CalendarDate?
        var reason: String?
        for word in words.dropFirst() {
            if word.hasPrefix("until=") {
                until = CalendarDate(parsing: String(word.dropFirst(6)))
            } else if word.hasPrefix("reason=") {
                reason = String(word.dropFirst(7))
            } else {
                rules += word.split(separator: ",").map(String.init)
            }
        }
        return LintIgnore(rules: rules, until: until, reason: reason)
    }
}
