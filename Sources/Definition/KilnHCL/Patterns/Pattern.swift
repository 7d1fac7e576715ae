/// A regular expression in RE2's syntax, matched in time linear in the text: all ways to match go forward together (Thompson; Pike for the groups).
struct Pattern: Sendable {
    enum Instruction: Sendable {
        case match
        case set(ScalarSet)
        /// The first is preferred.
        case split(Int, Int)
        case jump(Int)
        case save(Int)
        case assertion(PatternNode.Assertion)
    }

    /// Instructions of one pattern: repetitions are written out.
    static let limit = 10_000

    let program: [Instruction]
    /// Of the groups that capture.
    let names: [String?]

    init(_ text: String) throws(ConversionError) {
        guard text.utf8.count <= 1 << 16 else {
            throw ConversionError(message: "the pattern is too long", isLimit: true)
        }
        var reader = PatternReader(text)
        let node = try reader.read()
        names = reader.names
        var compiler = PatternCompiler()
        try compiler.add(.group(node, capture: 0))
        program = compiler.program + [.match]
    }
}

/// Writes the program of a pattern.
private struct PatternCompiler {
    var program: [Pattern.Instruction] = []
    /// Also of what writes no instruction: nothing, repeated a thousand times a thousand times, is work all the same.
    private var additions = 0

    mutating func add(_ node: PatternNode) throws(ConversionError) {
        additions += 1
        guard program.count < Pattern.limit, additions < 10 * Pattern.limit else {
            throw ConversionError(message: "the pattern is too large", isLimit: true)
        }
        switch node {
        case .empty: break
        case .set(let set): program.append(.set(set))
        case .assertion(let assertion): program.append(.assertion(assertion))
        case .sequence(let parts): for part in parts { try add(part) }
        case .group(let inner, let capture):
            program.append(.save(capture * 2))
            try add(inner)
            program.append(.save(capture * 2 + 1))
        case .choice(let parts): try choice(parts[...])
        case .repetition(let inner, let least, let most, let isGreedy):
            for _ in 0..<(most == nil ? max(0, least - 1) : least) { try add(inner) }
            if let most {
                try options(inner, most - least, isGreedy)
            } else {
                try loop(inner, atLeastOnce: least > 0, isGreedy)
            }
        }
    }

    private mutating func choice(_ parts: ArraySlice<PatternNode>) throws(ConversionError) {
        var jumps: [Int] = []
        for part in parts.dropLast() {
            let split = program.count
            program.append(.jump(0))
            try add(part)
            jumps.append(program.count)
            program.append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        if let last = parts.last { try add(last) }
        for jump in jumps { program[jump] = .jump(program.count) }
    }

    /// What can be empty is asked before the loop and not in it, so that an empty pass counts.
    private mutating func loop(
        _ inner: PatternNode,
        atLeastOnce: Bool,
        _ isGreedy: Bool
    ) throws(ConversionError) {
        guard atLeastOnce || inner.canBeEmpty else {
            let start = program.count
            program.append(.jump(0))
            try add(inner)
            program.append(.jump(start))
            split(to: start + 1, past: program.count, isGreedy, at: start)
            return
        }
        let skip = program.count
        if !atLeastOnce { program.append(.jump(0)) }
        let start = program.count
        try add(inner)
        split(to: start, past: program.count + 1, isGreedy, at: nil)
        if !atLeastOnce { split(to: start, past: program.count, isGreedy, at: skip) }
    }

    private mutating func options(
        _ inner: PatternNode,
        _ count: Int,
        _ isGreedy: Bool
    ) throws(ConversionError) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(program.count)
            program.append(.jump(0))
            try add(inner)
        }
        for place in splits { split(to: place + 1, past: program.count, isGreedy, at: place) }
    }

    private mutating func split(to inside: Int, past: Int, _ isGreedy: Bool, at place: Int?) {
        let made = Pattern.Instruction.split(isGreedy ? inside : past, isGreedy ? past : inside)
        if let place { program[place] = made } else { program.append(made) }
    }
}
