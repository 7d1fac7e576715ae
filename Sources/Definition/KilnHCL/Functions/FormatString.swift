/// `format`'s verbs: `%[flags][width][.precision][[argument]]verb`.
struct FormatString {
    struct Verb {
        var flags: Set<UInt8> = []
        var width: Int?
        var precision: Int?
        var kind: UInt8 = 0

        func has(_ flag: Character) -> Bool { flag.asciiValue.map(flags.contains) ?? false }
    }

    private enum Piece {
        case text(String)
        /// `argument` counts from zero.
        case verb(Verb, argument: Int)
    }

    private static let widthLimit = 1 << 16
    private let pieces: [Piece]
    /// How many arguments the text asks for.
    private let wanted: Int

    init(_ text: String) throws(ConversionError) {
        let bytes = Array(text.utf8)
        var (pieces, at, next, wanted): ([Piece], Int, Int, Int) = ([], 0, 0, 0)
        while at < bytes.count {
            let end = bytes[at...].firstIndex(of: 37) ?? bytes.count
            if end > at { pieces.append(.text(String(decoding: bytes[at..<end], as: UTF8.self))) }
            at = end
            guard at < bytes.count else { break }
            if at + 1 < bytes.count, bytes[at + 1] == 37 {
                pieces.append(.text("%"))
                at += 2
                continue
            }
            let (verb, argument) = try Self.verb(bytes, &at)
            next = argument ?? next
            pieces.append(.verb(verb, argument: next))
            next += 1
            wanted = max(wanted, next)
        }
        (self.pieces, self.wanted) = (pieces, wanted)
    }

    private static func verb(_ bytes: [UInt8], _ at: inout Int) throws(ConversionError) -> (Verb, Int?) {
        let start = at
        at += 1
        var (verb, argument): (Verb, Int?) = (Verb(), nil)
        while at < bytes.count, [32, 35, 43, 45, 48].contains(bytes[at]) {
            verb.flags.insert(bytes[at])
            at += 1
        }
        verb.width = try number(bytes, &at)
        if at < bytes.count, bytes[at] == 46 {
            at += 1
            verb.precision = try number(bytes, &at) ?? 0
        }
        if at < bytes.count, bytes[at] == 91 {
            at += 1
            let number = try number(bytes, &at)
            guard let number, number > 0, at < bytes.count, bytes[at] == 93 else {
                throw unknown(bytes, start, at)
            }
            argument = number - 1
            at += 1
        }
        guard at < bytes.count, "vtbdoxXeEfgGsq".utf8.contains(bytes[at]) else {
            throw unknown(bytes, start, at)
        }
        verb.kind = bytes[at]
        at += 1
        return (verb, argument)
    }

    private static func number(_ bytes: [UInt8], _ at: inout Int) throws(ConversionError) -> Int? {
        let start = at
        var result = 0
        while at < bytes.count, (48...57).contains(bytes[at]) {
            result = result * 10 + Int(bytes[at] - 48)
            guard result <= widthLimit else {
                throw ConversionError(message: "a width or a precision is past \(widthLimit)", isLimit: true)
            }
            at += 1
        }
        return at == start ? nil : result
    }

    private static func unknown(_ bytes: [UInt8], _ start: Int, _ at: Int) -> ConversionError {
        let shown = String(decoding: bytes[start..<min(at + 1, bytes.count)].prefix(40), as: UTF8.self)
        return ConversionError(message: "\"\(shown)\" is no verb")
    }

    func text(_ arguments: [HCLValue]) throws(ConversionError) -> String {
        guard arguments.count <= wanted || wanted == 0 && arguments.isEmpty else {
            throw ConversionError(
                message: "the text asks for \(wanted) arguments, here are \(arguments.count)"
            )
        }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .verb(let verb, let argument):
                guard arguments.indices.contains(argument) else {
                    throw ConversionError(message: "there is no argument \(argument + 1) to show")
                }
                result += try VerbFormatter(verb: verb).text(arguments[argument])
            }
            try FunctionLimits.check(bytes: result.utf8.count)
        }
        return result
    }
}
