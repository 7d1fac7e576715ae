/// Operators and conditionals (hclsyntax/spec.md, "Operations").
extension HCLEvaluator {
    mutating func unary(
        _ sign: HCLExpression.UnaryOperator,
        _ operand: HCLExpression,
        _ scope: HCLScope
    ) -> HCLValue {
        let type: HCLType = sign == .not ? .bool : .number
        let value = operandValue(operand, type, scope)
        if let number = value.number { return .number(number.negated()).markedSensitive(value.isSensitive) }
        if let bool = value.bool { return .bool(!bool).markedSensitive(value.isSensitive) }
        return .unknown(type)
    }

    private mutating func operandValue(
        _ expression: HCLExpression,
        _ type: HCLType,
        _ scope: HCLScope
    ) -> HCLValue {
        let result = value(expression, in: scope)
        guard !result.isNull else {
            _ = fail("null has no place beside an operator", expression.range)
            return .unknown(type)
        }
        return convert(result, to: type, expression.range)
    }

    mutating func binary(
        _ binary: HCLExpression.BinaryOperator,
        _ left: HCLExpression,
        _ right: HCLExpression,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        switch binary {
        case .equal, .notEqual:
            let (a, b) = (value(left, in: scope), value(right, in: scope))
            charge(min(a.weight, b.weight), range)
            guard !isExhausted, let equal = a.equals(b) else { return .unknown(.bool) }
            return .bool(equal == (binary == .equal)).markedSensitive(a.isSensitive || b.isSensitive)
        case .and, .or:
            let (a, b) = (operandValue(left, .bool, scope), operandValue(right, .bool, scope))
            guard let x = a.bool, let y = b.bool else { return .unknown(.bool) }
            return .bool(binary == .and ? x && y : x || y).markedSensitive(a.isSensitive || b.isSensitive)
        default:
            let (a, b) = (operandValue(left, .number, scope), operandValue(right, .number, scope))
            let isComparison = binary.level == 4
            guard let x = a.number, let y = b.number else { return .unknown(isComparison ? .bool : .number) }
            let result = isComparison ? .bool(Self.compare(binary, x, y)) : arithmetic(binary, x, y, range)
            return result.markedSensitive(a.isSensitive || b.isSensitive)
        }
    }

    private static func compare(
        _ binary: HCLExpression.BinaryOperator,
        _ x: HCLNumber,
        _ y: HCLNumber
    ) -> Bool {
        switch binary {
        case .less: x < y
        case .lessOrEqual: x <= y
        case .greater: x > y
        default: x >= y
        }
    }

    private mutating func arithmetic(
        _ binary: HCLExpression.BinaryOperator,
        _ x: HCLNumber,
        _ y: HCLNumber,
        _ range: Range<Int>
    ) -> HCLValue {
        let result: HCLNumber? =
            switch binary {
            case .add: x + y
            case .subtract: x - y
            case .multiply: x * y
            case .divide: x / y
            default: y.isZero ? nil : x % y
            }
        guard let result else { return fail("division by zero", range) }
        guard let checked = result.checked else {
            return fail("the result is out of range", range, code: "limit")
        }
        return .number(checked)
    }

    mutating func conditional(
        _ condition: HCLExpression,
        _ yes: HCLExpression,
        _ no: HCLExpression,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        let test = value(condition, in: scope)
        guard !test.isNull else { return fail("the condition is null", condition.range) }
        let chosen = convert(test, to: .bool, condition.range).bool
        let first = chosen == true ? value(yes, in: scope) : quietly { $0.value(yes, in: scope) }
        let second = chosen == false ? value(no, in: scope) : quietly { $0.value(no, in: scope) }
        charge(first.weight + second.weight, range)
        guard !isExhausted else { return .dynamic }
        // A bare null takes the other's type.
        let types = [first, second].filter { !($0.isNull && $0.type == .dynamic) }.map(\.type)
        guard let common = types.contains(.dynamic) ? .dynamic : HCLType.unified(types) else {
            return fail(
                "both results of a conditional must be of one type; these are \(first.type.short) and \(second.type.short)",
                range
            )
        }
        guard let chosen else { return .unknown(common) }
        return convert(chosen ? first : second, to: common, range).markedSensitive(
            test.isSensitive || first.isSensitive || second.isSensitive
        )
    }
}
