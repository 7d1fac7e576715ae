/// Computes expressions. What goes wrong is collected and stands as unknown in what it is part of.
package struct HCLEvaluator: Sendable {
    package struct Limits: Sendable {
        /// Evaluated expressions, loops unrolled.
        package var steps = 1_000_000
        /// What going through values may cost altogether, in parts of values.
        package var work = 20_000_000
        /// Parts of one value, shared ones counted wherever they stand.
        package var parts = 1 << 20
        /// Collections in one another.
        package var nesting = 200
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
    private var work = 0
    private var element: [HCLValue] = []

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The value, unknown where it could not be computed. One evaluator's bounds hold for all that it is asked.
    package mutating func value(_ expression: HCLExpression, in scope: HCLScope) -> HCLValue {
        steps += 1
        guard steps <= limits.steps else {
            if steps == limits.steps + 1 {
                problems.append(HCLProblem("limit", "more than \(limits.steps) steps", expression.range))
            }
            return .dynamic
        }
        guard work <= limits.work else { return .dynamic }
        return bounded(computed(expression, scope), expression.range)
    }

    /// Whether a bound was met: nothing more is computed.
    var isExhausted: Bool { steps > limits.steps || work > limits.work }

    /// Counts what goes through this many parts of values.
    mutating func charge(_ parts: Int, _ range: Range<Int>) {
        guard work <= limits.work else { return }
        work += min(parts, limits.work + 1)
        guard work > limits.work else { return }
        problems.append(HCLProblem("limit", "this takes too much work", range))
    }

    /// The value, unless it is larger than values may be.
    private mutating func bounded(_ value: HCLValue, _ range: Range<Int>) -> HCLValue {
        guard value.weight > limits.parts || value.depth > limits.nesting else { return value }
        return fail("this value is too large", range, code: "limit")
    }

    private mutating func computed(_ expression: HCLExpression, _ scope: HCLScope) -> HCLValue {
        switch expression.kind {
        case .literal(let value): return value
        case .parentheses(let inner): return value(inner, in: scope)
        case .embedded(let inner, _):
            let earlier = problems.count
            let result = value(inner, in: scope)
            for index in problems.indices.dropFirst(earlier) {
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
            let value = value(base, in: scope)
            if case .variable(let root) = base.kind, scope.open.contains(root), let known = value.attributes,
                known[name] == nil
            {
                return .dynamic
            }
            return attribute(name, of: value, expression.range)
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
        if type == .dynamic { return value }
        charge(value.weight, range)
        guard !isExhausted else { return .unknown(type.withoutOptionals) }
        do {
            return try value.converted(to: type)
        } catch {
            _ = fail(error.message, range)
            return .unknown(type.withoutOptionals)
        }
    }

    /// Evaluates without letting problems through, save that a bound was met: a branch that is not taken.
    mutating func quietly(_ body: (inout HCLEvaluator) -> HCLValue) -> HCLValue {
        let (kept, wasExhausted) = (problems.count, isExhausted)
        let result = body(&self)
        problems = problems.enumerated().filter { index, problem in
            index < kept || isExhausted && !wasExhausted && problem.code == "hcl.limit"
        }.map(\.element)
        return result
    }

    /// Evaluates apart: the value, and what went wrong in it.
    mutating func attempt(_ expression: HCLExpression, _ scope: HCLScope) -> (HCLValue, [HCLProblem]) {
        let kept = problems
        problems = []
        let result = value(expression, in: scope)
        let found = problems
        problems = kept + (isExhausted ? found.filter { $0.code == "hcl.limit" } : [])
        return (result, found)
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
        charge(results.reduce(0) { $0 + $1.weight }, range)
        guard !isExhausted else { return .dynamic }
        if case .tuple = base.type { return .tuple(results) }
        guard base.type.isSequence, let common = HCLType.unified(results.map(\.type)) else {
            return .tuple(results)
        }
        return .list(common, results)
    }
}
