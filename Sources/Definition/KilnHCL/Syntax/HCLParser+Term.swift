/// Literals, names, calls, collections and `for` (hclsyntax/spec.md, "Expression Terms").
extension HCLParser {
    mutating func term() throws(HCLProblem) -> HCLExpression {
        try count()
        let start = at
        switch peek() {
        case 48...57: return try number()
        case 34: return try quoted()
        case 60 where peek(1) == 60: return try heredoc()
        case 40:
            at += 1
            skipSpace(newlines: true)
            let inner = try expression(newlines: true)
            skipSpace(newlines: true)
            guard take(")") else { throw unexpected("\")\"") }
            return HCLExpression(kind: .parentheses(inner), range: start..<at)
        case 91: return try tuple()
        case 123: return try object()
        default:
            guard let (name, range) = identifier() else { throw unexpected("an expression") }
            return try named(name, range)
        }
    }

    private mutating func number() throws(HCLProblem) -> HCLExpression {
        let start = at
        while (48...57).contains(peek()) { at += 1 }
        if peek() == 46, (48...57).contains(peek(1)) {
            at += 1
            while (48...57).contains(peek()) { at += 1 }
        }
        if peek() | 32 == 101 {
            let signed = peek(1) == 43 || peek(1) == 45
            if (48...57).contains(peek(signed ? 2 : 1)) {
                at += signed ? 2 : 1
                while (48...57).contains(peek()) { at += 1 }
            }
        }
        guard let number = HCLNumber(source.text(start..<at)) else {
            throw HCLProblem("number", "this number is out of range", start..<at)
        }
        return HCLExpression(kind: .literal(.number(number)), range: start..<at)
    }

    private mutating func named(_ first: String, _ range: Range<Int>) throws(HCLProblem) -> HCLExpression {
        var name = first
        while take("::") {
            guard let (part, _) = identifier() else { throw unexpected("a function's name") }
            name += "::" + part
        }
        let end = at
        skipSpace(newlines: false)
        if peek() == 40 { return try call(name, range) }
        at = end
        guard name == first else { throw unexpected("\"(\"") }
        let kind: HCLExpression.Kind =
            switch name {
            case "true": .literal(.bool(true))
            case "false": .literal(.bool(false))
            case "null": .literal(.null())
            default: .variable(name)
            }
        return HCLExpression(kind: kind, range: range)
    }

    private mutating func call(_ name: String, _ range: Range<Int>) throws(HCLProblem) -> HCLExpression {
        at += 1
        var arguments: [HCLExpression] = []
        var expands = false
        while true {
            skipSpace(newlines: true)
            if take(")") { break }
            guard !expands else { throw unexpected("\")\"") }
            arguments.append(try expression(newlines: true))
            skipSpace(newlines: true)
            expands = take("...")
            guard expands || take(",") || peek() == 41 else { throw unexpected("\",\" or \")\"") }
        }
        return HCLExpression(
            kind: .call(name: name, arguments: arguments, expandsLast: expands),
            range: range.lowerBound..<at
        )
    }

    private mutating func tuple() throws(HCLProblem) -> HCLExpression {
        let start = at
        at += 1
        skipSpace(newlines: true)
        if startsIteration() { return try iteration(from: start, close: "]") }
        var elements: [HCLExpression] = []
        while true {
            skipSpace(newlines: true)
            if take("]") { break }
            elements.append(try expression(newlines: true))
            skipSpace(newlines: true)
            guard take(",") || peek() == 93 else { throw unexpected("\",\" or \"]\"") }
        }
        return HCLExpression(kind: .tuple(elements), range: start..<at)
    }

    private mutating func object() throws(HCLProblem) -> HCLExpression {
        let start = at
        at += 1
        skipSpace(newlines: true)
        if startsIteration() { return try iteration(from: start, close: "}") }
        var items: [HCLExpression.ObjectItem] = []
        while true {
            skipSpace(newlines: true)
            if take("}") { break }
            let key = try objectKey()
            skipSpace(newlines: false)
            guard peek() == 61 && peek(1) != 61 || peek() == 58 else { throw unexpected("\"=\" or \":\"") }
            at += 1
            skipSpace(newlines: false)
            items.append(.init(key: key, value: try expression(newlines: false)))
            skipSpace(newlines: false)
            guard take(",") || peek() == 10 || peek() == 125 else {
                throw unexpected("\",\", a newline or \"}\"")
            }
        }
        return HCLExpression(kind: .object(items), range: start..<at)
    }

    /// A lone name stands for itself, whatever variables there are.
    private mutating func objectKey() throws(HCLProblem) -> HCLExpression {
        let start = at
        if let (name, range) = identifier() {
            skipSpace(newlines: false)
            if peek() == 61 && peek(1) != 61 || peek() == 58 && peek(1) != 58 {
                return HCLExpression(kind: .literal(.string(name)), range: range)
            }
            at = start
        }
        return try expression(newlines: false)
    }

    private func startsIteration() -> Bool {
        starts("for") && [32, 9, 10, 13, 35, 47].contains(peek(3))
    }

    private mutating func iteration(from start: Int, close: StaticString) throws(HCLProblem) -> HCLExpression
    {
        let isObject = close.utf8Start.pointee == 125
        let (key, value, collection) = try iterationHead(newlines: true)
        skipSpace(newlines: true)
        guard take(":") else { throw unexpected("\":\"") }
        skipSpace(newlines: true)
        var result = try expression(newlines: true)
        var resultKey: HCLExpression?
        skipSpace(newlines: true)
        if isObject {
            guard take("=>") else { throw unexpected("\"=>\"") }
            skipSpace(newlines: true)
            resultKey = result
            result = try expression(newlines: true)
            skipSpace(newlines: true)
        }
        let grouping = isObject && take("...")
        skipSpace(newlines: true)
        var condition: HCLExpression?
        if starts("if"), [32, 9, 10, 13, 40, 33].contains(peek(2)) {
            at += 2
            skipSpace(newlines: true)
            condition = try expression(newlines: true)
            skipSpace(newlines: true)
        }
        guard peek() == close.utf8Start.pointee else { throw unexpected("the end of \"for\"") }
        at += 1
        let node = HCLExpression.Iteration(
            form: isObject ? .object : .tuple,
            key: key,
            value: value,
            collection: collection,
            resultKey: resultKey,
            result: result,
            condition: condition,
            isGrouping: grouping
        )
        return HCLExpression(kind: .iteration(node), range: start..<at)
    }

    /// From `for` to the collection.
    mutating func iterationHead(
        newlines: Bool
    ) throws(HCLProblem) -> (key: String?, value: String, collection: HCLExpression) {
        at += 3
        skipSpace(newlines: newlines)
        guard let (first, _) = identifier() else { throw unexpected("a name for each element") }
        var names = [first]
        skipSpace(newlines: newlines)
        if take(",") {
            skipSpace(newlines: newlines)
            guard let (second, _) = identifier() else { throw unexpected("a name for each value") }
            names.append(second)
            skipSpace(newlines: newlines)
        }
        guard let (word, _) = identifier(), word == "in" else { throw unexpected("\"in\"") }
        skipSpace(newlines: newlines)
        return (names.count == 2 ? names[0] : nil, names[names.count - 1], try expression(newlines: newlines))
    }
}
