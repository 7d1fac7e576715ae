/// Operators and conditionals (hclsyntax/spec.md, "Operations").
extension HCLParser {
    /// `newlines` says whether they are mere space here, as within parentheses and brackets.
    mutating func expression(newlines: Bool) throws(HCLProblem) -> HCLExpression {
        try nested { parser throws(HCLProblem) in
            let condition = try parser.operation(level: 1, newlines: newlines)
            parser.skipSpace(newlines: newlines)
            guard parser.take("?") else { return condition }
            parser.skipSpace(newlines: newlines)
            let yes = try parser.expression(newlines: newlines)
            parser.skipSpace(newlines: newlines)
            guard parser.take(":") else { throw parser.unexpected("\":\" of the conditional") }
            parser.skipSpace(newlines: newlines)
            let no = try parser.expression(newlines: newlines)
            return HCLExpression(
                kind: .conditional(condition, yes, no),
                range: condition.range.lowerBound..<no.range.upperBound
            )
        }
    }

    private mutating func operation(level: Int, newlines: Bool) throws(HCLProblem) -> HCLExpression {
        var left = try unary(newlines: newlines)
        var count = 0
        while true {
            let before = at
            skipSpace(newlines: newlines)
            guard let (binary, length) = binaryOperator(), binary.level >= level else {
                at = before
                return left
            }
            count += 1
            guard count <= limits.chain else {
                throw HCLProblem("limit", "more than \(limits.chain) operators in a row", here)
            }
            at += length
            skipSpace(newlines: newlines)
            let right = try nested { parser throws(HCLProblem) in
                try parser.operation(level: binary.level + 1, newlines: newlines)
            }
            let range = left.range.lowerBound..<right.range.upperBound
            left = try bounded(HCLExpression(kind: .binary(binary, left, right), range: range))
        }
    }

    private func binaryOperator() -> (HCLExpression.BinaryOperator, Int)? {
        switch (peek(), peek(1)) {
        case (124, 124): (.or, 2)
        case (38, 38): (.and, 2)
        case (61, 61): (.equal, 2)
        case (33, 61): (.notEqual, 2)
        case (60, 61): (.lessOrEqual, 2)
        case (62, 61): (.greaterOrEqual, 2)
        case (60, _): (.less, 1)
        case (62, _): (.greater, 1)
        case (43, _): (.add, 1)
        case (45, _): (.subtract, 1)
        case (42, _): (.multiply, 1)
        case (47, _): (.divide, 1)
        case (37, _): (.modulo, 1)
        default: nil
        }
    }

    private mutating func unary(newlines: Bool) throws(HCLProblem) -> HCLExpression {
        let start = at
        let sign: HCLExpression.UnaryOperator? = peek() == 45 ? .negate : (peek() == 33 ? .not : nil)
        guard let sign else { return try accessed(newlines: newlines) }
        at += 1
        skipSpace(newlines: newlines)
        let operand = try nested { parser throws(HCLProblem) in try parser.unary(newlines: newlines) }
        return HCLExpression(kind: .unary(sign, operand), range: start..<operand.range.upperBound)
    }
}

/// Accessors behind a term: `.name`, `.0`, `[index]`, `.*`, `[*]`.
extension HCLParser {
    private mutating func accessed(newlines: Bool) throws(HCLProblem) -> HCLExpression {
        try accessors(of: try term(), newlines: newlines, attributesOnly: false)
    }

    private mutating func accessors(
        of base: HCLExpression,
        newlines: Bool,
        attributesOnly: Bool
    ) throws(HCLProblem) -> HCLExpression {
        var result = base
        for _ in 0..<limits.chain {
            let before = at
            skipSpace(newlines: newlines)
            if peek() == 46, peek(1) != 46 {
                guard let next = try member(of: result, newlines: newlines, attributesOnly) else { break }
                result = try bounded(next)
            } else if peek() == 91, !attributesOnly {
                result = try bounded(bracket(of: result, newlines: newlines))
            } else {
                at = before
                return result
            }
        }
        guard peek() != 46 && peek() != 91 || attributesOnly else {
            throw HCLProblem("limit", "more than \(limits.chain) accessors in a row", here)
        }
        return result
    }

    private mutating func member(
        of base: HCLExpression,
        newlines: Bool,
        _ attributesOnly: Bool
    ) throws(HCLProblem) -> HCLExpression? {
        let start = base.range.lowerBound
        let dot = at
        at += 1
        skipSpace(newlines: newlines)
        if let (name, range) = identifier() {
            return HCLExpression(kind: .attribute(base, name), range: start..<range.upperBound)
        }
        if take("*") {
            guard !attributesOnly else {
                at = dot
                return nil
            }
            return try splat(of: base, newlines: newlines, attributesOnly: true)
        }
        // `.0.1` is one number elsewhere, and no index at all.
        let digits = at
        while (48...57).contains(peek()) { at += 1 }
        guard at > digits, let number = HCLNumber(source.text(digits..<at)) else {
            throw unexpected("an attribute's name")
        }
        guard peek() != 46 || !(48...57).contains(peek(1)) else {
            throw HCLProblem(
                "syntax",
                "two indexes in a row are written in brackets",
                digits..<at + 2,
                hint: "[0][1] instead of .0.1"
            )
        }
        let index = HCLExpression(kind: .literal(.number(number)), range: digits..<at)
        return HCLExpression(kind: .index(base, index), range: start..<at)
    }

    private mutating func bracket(of base: HCLExpression, newlines: Bool) throws(HCLProblem) -> HCLExpression
    {
        at += 1
        skipSpace(newlines: true)
        if peek() == 42 {
            at += 1
            skipSpace(newlines: true)
            guard take("]") else { throw unexpected("\"]\"") }
            return try splat(of: base, newlines: newlines, attributesOnly: false)
        }
        let index = try expression(newlines: true)
        skipSpace(newlines: true)
        guard take("]") else { throw unexpected("\"]\"") }
        return HCLExpression(kind: .index(base, index), range: base.range.lowerBound..<at)
    }

    private mutating func splat(
        of base: HCLExpression,
        newlines: Bool,
        attributesOnly: Bool
    ) throws(HCLProblem) -> HCLExpression {
        let each = try nested { parser throws(HCLProblem) in
            let element = HCLExpression(kind: .element, range: parser.at..<parser.at)
            return try parser.accessors(of: element, newlines: newlines, attributesOnly: attributesOnly)
        }
        return HCLExpression(kind: .splat(base, each: each), range: base.range.lowerBound..<at)
    }
}
