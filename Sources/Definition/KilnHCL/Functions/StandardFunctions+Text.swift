extension StandardFunctions {
    static let formatting: [String: HCLFunction] = [
        "format": HCLFunction([.string], rest: .dynamic, seesAll: true) { values throws(ConversionError) in
            guard values.allSatisfy(\.isWhollyKnown) else { return .unknown(.string) }
            return .string(try FormatString(values.text(0)).text(Array(values.dropFirst())))
        },
        "formatlist": HCLFunction([.string], rest: .dynamic, seesAll: true) {
            values throws(ConversionError) in
            try formatted(values)
        },
        "indent": HCLFunction([.number, .string]) { values throws(ConversionError) in
            let (count, text) = (try values.int(0), values.text(1))
            let lines = text.utf8.count { $0 == 10 }
            guard count >= 0 else { throw ConversionError(message: "the indent is below zero") }
            try FunctionLimits.check(bytes: text.utf8.count + lines * min(count, FunctionLimits.bytes))
            return .string(
                replaced(text, "\n", by: "\n" + String(repeating: " ", count: min(count, 1 << 24)))
            )
        }.giving(.string),
        "title": HCLFunction([.string]) { values in .string(titled(values.text(0))) }.giving(.string),
        "strlen": HCLFunction([.string]) { values in .number(values.text(0).count) }.giving(.number),
        "strcontains": HCLFunction([.string, .string]) { values in
            .bool(values.text(1).isEmpty || occurrences(of: values.text(1), in: values.text(0)) > 0)
        }.giving(.bool),
        "substr": HCLFunction([.string, .number, .number]) { values throws(ConversionError) in
            try part(values.text(0), from: try values.int(1), length: try values.int(2))
        }.giving(.string),
        "replace": HCLFunction([.string, .string, .string]) { values throws(ConversionError) in
            let (text, old, new) = (values.text(0), values.text(1), values.text(2))
            if old.utf8.count > 1, old.hasPrefix("/"), old.hasSuffix("/") {
                return .string(try substituted(text, String(old.dropFirst().dropLast()), new))
            }
            let count = old.isEmpty ? text.unicodeScalars.count + 1 : occurrences(of: old, in: text)
            try FunctionLimits.check(
                bytes: text.utf8.count + count * min(new.utf8.count, FunctionLimits.bytes)
            )
            return .string(replaced(text, old, by: new))
        }.giving(.string),
        "regex": HCLFunction([.string, .string]) { values throws(ConversionError) in
            let pattern = try Pattern(values.text(0))
            var matcher = PatternMatcher(pattern, values.text(1))
            guard let match = try matcher.first() else {
                throw ConversionError(message: "the pattern matches no part of the string")
            }
            return try groups(match, pattern, matcher)
        },
        "regexall": HCLFunction([.string, .string]) { values throws(ConversionError) in
            let pattern = try Pattern(values.text(0))
            var matcher = PatternMatcher(pattern, values.text(1))
            var found: [HCLValue] = []
            for match in try matcher.all() { found.append(try groups(match, pattern, matcher)) }
            let blank = [Int](repeating: -1, count: (pattern.names.count + 1) * 2)
            let type = try groups(blank, pattern, matcher).type
            return .list(type, found)
        },
        "regex_replace": HCLFunction([.string, .string, .string]) { values throws(ConversionError) in
            .string(try substituted(values.text(0), values.text(1), values.text(2)))
        }.giving(.string),
    ]

    private static func formatted(_ values: [HCLValue]) throws(ConversionError) -> HCLValue {
        guard values[0].isWhollyKnown else { return .unknown(.list(.string)) }
        let format = try FormatString(values.text(0))
        var count: Int?
        for value in values.dropFirst() where value.type.isSequence || value.type == .dynamic {
            if value.isUnknown { return .unknown(.list(.string)) }
            guard let elements = value.elements else { continue }
            guard count == nil || count == elements.count else {
                throw ConversionError(
                    message: "lists of \(count ?? 0) and \(elements.count) do not go together"
                )
            }
            count = elements.count
        }
        var (result, bytes): ([HCLValue], Int) = ([], 0)
        for index in 0..<(count ?? 1) {
            let arguments = values.dropFirst().map { $0.elements?[index] ?? $0 }
            guard arguments.allSatisfy(\.isWhollyKnown) else {
                result.append(.unknown(.string))
                continue
            }
            let text = try format.text(arguments)
            bytes += text.utf8.count
            try FunctionLimits.check(bytes: bytes)
            result.append(.string(text))
        }
        return .list(.string, result)
    }

    /// The first letter of each word in upper case.
    private static func titled(_ text: String) -> String {
        var (result, isInside) = ("", false)
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            let title = properties.titlecaseMapping
            if !isInside, title.unicodeScalars.count == 1 {
                result += title
            } else {
                result.unicodeScalars.append(scalar)
            }
            isInside =
                properties.isAlphabetic || properties.numericType != nil || scalar == "_"
                || scalar.value >= 0x80 && !properties.isWhitespace
        }
        return result
    }

    /// Counts what a reader sees; below zero from the end, a length of -1 up to it.
    private static func part(
        _ text: String,
        from offset: Int,
        length: Int
    ) throws(ConversionError) -> HCLValue {
        guard length >= -1 else { throw ConversionError(message: "a length is -1 or more") }
        let start = max(0, offset < 0 ? text.count &+ offset : offset)
        let rest = text.dropFirst(start)
        return .string(String(length < 0 ? rest : rest.prefix(length)))
    }

    private static func groups(
        _ match: PatternMatcher.Match,
        _ pattern: Pattern,
        _ matcher: PatternMatcher
    ) throws(ConversionError) -> HCLValue {
        func group(_ number: Int) -> HCLValue {
            matcher.group(number, of: match).map { .string($0) } ?? .null(.string)
        }
        let names = pattern.names
        if names.isEmpty { return group(0) }
        if names.allSatisfy({ $0 == nil }) { return .tuple(names.indices.map { group($0 + 1) }) }
        guard names.allSatisfy({ $0 != nil }) else {
            throw ConversionError(message: "a pattern has groups with names or groups without, not both")
        }
        let pairs = names.enumerated().map { ($0.element ?? "", group($0.offset + 1)) }
        return .object(Dictionary(pairs) { first, _ in first })
    }

    /// `$1` and `${name}` in the replacement stand for groups, `$$` for a dollar.
    private static func substituted(
        _ text: String,
        _ pattern: String,
        _ replacement: String
    ) throws(ConversionError) -> String {
        let pattern = try Pattern(pattern)
        var matcher = PatternMatcher(pattern, text)
        let template = GroupTemplate(replacement, names: pattern.names)
        var (result, at) = ("", 0)
        for match in try matcher.all() {
            result += matcher.text(at..<match[0]) + template.text { matcher.group($0, of: match) ?? "" }
            at = match[1]
            try FunctionLimits.check(bytes: result.utf8.count)
        }
        return result + matcher.text(at..<matcher.text.count)
    }

    static func occurrences(of mark: String, in text: String) -> Int {
        let (bytes, mark) = (Array(text.utf8), Array(mark.utf8))
        var (count, at) = (0, 0)
        while at + mark.count <= bytes.count {
            let isHere = bytes[at] == mark[0] && bytes[at..<at + mark.count].elementsEqual(mark)
            count += isHere ? 1 : 0
            at += isHere ? mark.count : 1
        }
        return count
    }

    static func replaced(_ text: String, _ old: String, by new: String) -> String {
        guard !old.isEmpty else {
            return new + text.unicodeScalars.map { String($0) + new }.joined()
        }
        let (bytes, old, new) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
        var (result, at): ([UInt8], Int) = ([], 0)
        while at < bytes.count {
            if bytes[at] == old[0], at + old.count <= bytes.count,
                bytes[at..<at + old.count].elementsEqual(old)
            {
                result += new
                at += old.count
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// What stands in a match's place.
private struct GroupTemplate {
    private enum Piece {
        case text(String)
        case group(Int)
    }

    private var pieces: [Piece] = []

    init(_ text: String, names: [String?]) {
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            pieces.append(.text(String(rest[..<dollar])))
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                pieces.append(.text("$"))
                rest = rest.dropFirst()
                continue
            }
            let isBraced = rest.first == "{"
            let name = (isBraced ? rest.dropFirst() : rest).prefix {
                $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_"
            }
            guard !name.isEmpty, !isBraced || rest.dropFirst(name.count + 1).first == "}" else {
                pieces.append(.text("$"))
                continue
            }
            rest = rest.dropFirst(name.count + (isBraced ? 2 : 0))
            if let number = Int(name) {
                if number <= names.count { pieces.append(.group(number)) }
            } else if let index = names.firstIndex(of: String(name)) {
                pieces.append(.group(index + 1))
            }
        }
        pieces.append(.text(String(rest)))
    }

    func text(_ group: (Int) -> String) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .group(let number): group(number)
            }
        }.joined()
    }
}
