/// Computes expressions. What goes wrong is collected and stands as unknown in what it is part of.
package struct HCLEvaluator: Sendable {
    package struct Limits: Sendable {
        /// Evaluated expressions, loops unrolled.
        package var steps = 1_000_000
        /// Bytes of one string.
        package var stringBytes = 16 << 20
        /// Of one collection that a function made.
        package var elements = 1_000_000
        package var problems = 50

        package init() {}
    }

    package private(set) var problems: [HCLProblem] = []
    let limits: Limits
    private var steps = 0
    private var element: [HCLValue] = []

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    package mutating func value(_ expression: HCLExpression, in scope: HCLScope) -> HCLValue {
        steps += 1
        guard steps <= limits.steps else {
            if steps == limits.steps + 1 {
                problems.append(HCLProblem("limit", "more than \(limits.steps) steps", expression.range))
            }
            return .dynamic
        }
        switch expression.kind {
        case .literal(let value): return value
        case .parentheses(let inner): return value(inner, in: scope)
        case .embedded(let inner, _):
            let earlier = problems.count
            let result = value(inner, in: scope)
            for index in problems.indices where index >= earlier {
                problems[index] = problems[index].moved(to: expression.range)
            }
            return result
        case .element: return element.last ?? .dynamic
        case .variable(let name): return variable(name, expression.range, scope)
        case .template(let parts): return template(parts, scope)
        case .tuple(let elements): return .tuple(elements.map { value($0, in: scope) })
        case .object(let items): return object(items, scope)
        case .iteration(let node): return iteration(node, scope)
        case .call(let name, let arguments, let expands):
            return call(name, arguments, expands, expression.range, scope)
        case .attribute(let base, let name):
            return attribute(name, of: value(base, in: scope), expression.range)
        case .index(let base, let key):
            return index(value(base, in: scope), value(key, in: scope), expression.range)
        case .splat(let base, let each): return splat(value(base, in: scope), each, expression.range, scope)
        case .unary(let sign, let operand): return unary(sign, operand, scope)
        case .binary(let binary, let left, let right):
            return self.binary(binary, left, right, expression.range, scope)
        case .conditional(let condition, let yes, let no):
            return conditional(condition, yes, no, expression.range, scope)
        }
    }

    mutating func fail(
        _ message: String,
        _ range: Range<Int>,
        hint: String? = nil,
        code: String = "value"
    ) -> HCLValue {
        if problems.count < limits.problems { problems.append(HCLProblem(code, message, range, hint: hint)) }
        return .dynamic
    }

    mutating func convert(_ value: HCLValue, to type: HCLType, _ range: Range<Int>) -> HCLValue {
        do {
            return try value.converted(to: type)
        } catch {
            _ = fail(error.message, range)
            return .unknown(type.withoutOptionals)
        }
    }

    /// Evaluates without letting problems through: a branch that is not taken.
    mutating func quietly(_ body: (inout HCLEvaluator) -> HCLValue) -> HCLValue {
        let kept = problems
        defer { problems = kept }
        return body(&self)
    }

    mutating func splat(
        _ base: HCLValue,
        _ each: HCLExpression,
        _ range: Range<Int>,
        _ scope: HCLScope
    ) -> HCLValue {
        if base.isNull {
            if base.type.isSequence { return fail("this is null, and a splat needs a list", range) }
            return .tuple([])
        }
        guard !base.isUnknown else { return .dynamic }
        let results = (base.type.isSequence ? base.elements ?? [] : [base]).map { value in
            element.append(value)
            defer { element.removeLast() }
            return self.value(each, in: scope)
        }
        if case .tuple = base.type { return .tuple(results) }
        guard base.type.isSequence, let common = HCLType.unified(results.map(\.type)) else {
            return .tuple(results)
        }
        return .list(common, results)
    }
}
