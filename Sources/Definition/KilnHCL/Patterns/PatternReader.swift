/// Reads a regular expression in RE2's syntax.
struct PatternReader {
    struct Flags {
        var foldsCase = false
        /// `^` and `$` stand at lines' ends too.
        var isMultiline = false
        /// `.` takes newlines too.
        var dotTakesNewlines = false
        /// `*` takes as little as it can, `*?` as much.
        var isUngreedy = false
    }

    private static let nestingLimit = 200
    static let repetitionLimit = 1000

    let text: [UInt32]
    var at = 0
    var flags = Flags()
    private var depth = 0
    /// Names of the groups that capture, nil for one without.
    private(set) var names: [String?] = []

    init(_ pattern: String) {
        text = pattern.unicodeScalars.map(\.value)
    }

    mutating func read() throws(ConversionError) -> PatternNode {
        let result = try choice()
        guard at == text.count else { throw refused("there is a \")\" too many") }
        return result
    }

    func peek(_ distance: Int = 0) -> UInt32? { at + distance < text.count ? text[at + distance] : nil }

    func starts(_ word: String) -> Bool {
        let wanted = word.unicodeScalars.map(\.value)
        return at + wanted.count <= text.count && text[at..<at + wanted.count].elementsEqual(wanted)
    }

    mutating func take(_ word: String) -> Bool {
        guard starts(word) else { return false }
        at += word.unicodeScalars.count
        return true
    }

    func refused(_ message: String) -> ConversionError {
        ConversionError(message: "the pattern is wrong at character \(min(at, text.count) + 1): \(message)")
    }

    private mutating func choice() throws(ConversionError) -> PatternNode {
        guard depth < Self.nestingLimit else { throw refused("groups lie too deep in one another") }
        depth += 1
        defer { depth -= 1 }
        var branches: [PatternNode] = []
        repeat { branches.append(try sequence()) } while take("|")
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(ConversionError) -> PatternNode {
        var parts: [PatternNode] = []
        while let next = peek(), next != 0x7C, next != 0x29 {
            if take("\\Q") {
                while at < text.count, !take("\\E") {
                    parts.append(.set(literal(text[at])))
                    at += 1
                }
                continue
            }
            guard let atom = try atom() else { continue }
            parts.append(try repeated(atom))
        }
        return parts.count == 1 ? parts[0] : (parts.isEmpty ? .empty : .sequence(parts))
    }

    private mutating func repeated(_ atom: PatternNode) throws(ConversionError) -> PatternNode {
        var result = atom
        var isRepeated = false
        while let bounds = try bounds() {
            guard !isRepeated else { throw refused("a repetition of a repetition") }
            isRepeated = true
            let isGreedy = take("?") == flags.isUngreedy
            result = .repetition(result, least: bounds.least, most: bounds.most, isGreedy: isGreedy)
        }
        return result
    }

    private mutating func bounds() throws(ConversionError) -> (least: Int, most: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        // Braces that hold no bounds are themselves.
        guard peek() == 0x7B else { return nil }
        let start = at
        at += 1
        guard let least = number() else {
            at = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = peek() == 0x7D ? nil : number() ?? -1 }
        guard take("}"), most != -1 else {
            at = start
            return nil
        }
        guard least <= Self.repetitionLimit, most ?? 0 <= Self.repetitionLimit, least <= most ?? least else {
            throw refused("a repetition goes from 0 to \(Self.repetitionLimit)")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        let start = at
        var result = 0
        while let digit = peek(), (48...57).contains(digit) {
            result = min(result * 10 + Int(digit - 48), 1_000_000)
            at += 1
        }
        return at == start ? nil : result
    }

    /// Nil where only flags were set.
    private mutating func atom() throws(ConversionError) -> PatternNode? {
        let scalar = text[at]
        switch scalar {
        case 0x28: return try group()
        case 0x5B: return .set(try bracket())
        case 0x5C: return try escape()
        case 0x2E:
            at += 1
            var set = ScalarSet(ranges: [0...0x10FFFF])
            if !flags.dotTakesNewlines { set = ScalarSet(ranges: [10...10], isNegated: true) }
            return .set(set)
        case 0x5E:
            at += 1
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case 0x24:
            at += 1
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case 0x2A, 0x2B, 0x3F: throw refused("there is nothing to repeat")
        case 0x7B:
            let start = at
            guard try bounds() == nil else { throw refused("there is nothing to repeat") }
            at = start + 1
            return .set(literal(scalar))
        default:
            at += 1
            return .set(literal(scalar))
        }
    }

    func literal(_ scalar: UInt32) -> ScalarSet {
        ScalarSet(ranges: [scalar...scalar], foldsCase: flags.foldsCase)
    }

    private mutating func group() throws(ConversionError) -> PatternNode? {
        let kept = flags
        at += 1
        var capture: Int?
        if take("?P<") || !starts("?<=") && !starts("?<!") && take("?<") {
            names.append(try name())
            capture = names.count
        } else if take("?") {
            guard try setFlags() else { return nil }
        } else {
            names.append(nil)
            capture = names.count
        }
        let inner = try choice()
        guard take(")") else { throw refused("a group is not closed") }
        flags = kept
        return capture.map { .group(inner, capture: $0) } ?? inner
    }

    private mutating func name() throws(ConversionError) -> String {
        var name = ""
        while let scalar = peek(), scalar != 0x3E {
            guard let value = Unicode.Scalar(scalar), value.isASCII,
                value.properties.isAlphabetic || (48...57).contains(scalar) || scalar == 0x5F
            else { throw refused("a group's name is of letters, digits and underscores") }
            name.unicodeScalars.append(value)
            at += 1
        }
        guard take(">"), !name.isEmpty, !names.contains(name) else {
            throw refused("a group's name is missing or there twice")
        }
        return name
    }

    /// Whether a group follows; else the flags hold for what is left of this one.
    private mutating func setFlags() throws(ConversionError) -> Bool {
        var value = true
        while let scalar = peek() {
            at += 1
            switch scalar {
            case 0x69: flags.foldsCase = value
            case 0x6D: flags.isMultiline = value
            case 0x73: flags.dotTakesNewlines = value
            case 0x55: flags.isUngreedy = value
            case 0x2D where value: value = false
            case 0x3A: return true
            case 0x29: return false
            default:
                at -= 1
                throw refused("there is no such flag or group; look-around is not part of RE2's syntax")
            }
        }
        throw refused("a group is not closed")
    }
}
