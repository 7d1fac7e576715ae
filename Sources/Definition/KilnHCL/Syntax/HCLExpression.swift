/// An expression with the bytes it was written in.
package struct HCLExpression: Sendable, Hashable {
    package indirect enum Kind: Sendable, Hashable {
        case literal(HCLValue)
        /// Parts that make a string together; a lone interpolation is unwrapped by the parser.
        case template([HCLExpression])
        case tuple([HCLExpression])
        case object([ObjectItem])
        case iteration(Iteration)
        case call(name: String, arguments: [HCLExpression], expandsLast: Bool)
        case variable(String)
        case attribute(HCLExpression, String)
        case index(HCLExpression, HCLExpression)
        /// `each` has `element` at its root.
        case splat(HCLExpression, each: HCLExpression)
        /// What a splat's `each` starts from.
        case element
        case unary(UnaryOperator, HCLExpression)
        case binary(BinaryOperator, HCLExpression, HCLExpression)
        case conditional(HCLExpression, HCLExpression, HCLExpression)
        case parentheses(HCLExpression)
        /// A template in a JSON string; `text` is the string itself, which static analysis reads as an expression.
        case embedded(HCLExpression, text: String)
    }

    package struct ObjectItem: Sendable, Hashable {
        package let key: HCLExpression
        package let value: HCLExpression

        package init(key: HCLExpression, value: HCLExpression) {
            (self.key, self.value) = (key, value)
        }
    }

    /// `for` in its three forms: a tuple, an object, or a template's directive.
    package struct Iteration: Sendable, Hashable {
        package enum Form: Sendable {
            case tuple
            case object
            case template
        }

        package let form: Form
        package let key: String?
        package let value: String
        package let collection: HCLExpression
        package let resultKey: HCLExpression?
        package let result: HCLExpression
        package let condition: HCLExpression?
        package let isGrouping: Bool

        package init(
            form: Form,
            key: String?,
            value: String,
            collection: HCLExpression,
            resultKey: HCLExpression?,
            result: HCLExpression,
            condition: HCLExpression?,
            isGrouping: Bool
        ) {
            (self.form, self.key, self.value, self.collection) = (form, key, value, collection)
            (self.resultKey, self.result, self.condition) = (resultKey, result, condition)
            self.isGrouping = isGrouping
        }
    }

    package enum UnaryOperator: String, Sendable {
        case negate = "-"
        case not = "!"
    }

    package enum BinaryOperator: String, Sendable {
        case or = "||"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"

        /// Higher binds tighter (hclsyntax/spec.md, "Operations").
        var level: Int {
            switch self {
            case .or: 1
            case .and: 2
            case .equal, .notEqual: 3
            case .lessOrEqual, .greaterOrEqual, .less, .greater: 4
            case .add, .subtract: 5
            case .multiply, .divide, .modulo: 6
            }
        }
    }

    package let kind: Kind
    /// Offsets of bytes in the source.
    package let range: Range<Int>

    /// Whether it was written as JSON, where a string can also be an expression for those who ask for one.
    package let isJSON: Bool
    /// Of the tree that it is the root of, 1 without parts: whoever goes down it needs so much stack.
    let height: Int

    package init(kind: Kind, range: Range<Int>, isJSON: Bool = false) {
        (self.kind, self.range, self.isJSON) = (kind, range, isJSON)
        height = 1 + kind.tallest
    }
}

extension HCLExpression.Kind {
    /// The height of the tallest part, 0 where there is none.
    fileprivate var tallest: Int {
        switch self {
        case .literal, .variable, .element: 0
        case .template(let parts), .tuple(let parts), .call(_, let parts, _): Self.tallest(parts)
        case .object(let items): items.reduce(0) { max($0, $1.key.height, $1.value.height) }
        case .iteration(let iteration):
            Self.tallest(
                [iteration.collection, iteration.resultKey, iteration.result, iteration.condition].compactMap
                { $0 }
            )
        case .attribute(let base, _): base.height
        case .index(let base, let key): max(base.height, key.height)
        case .splat(let base, let each): max(base.height, each.height)
        case .unary(_, let operand): operand.height
        case .binary(_, let left, let right): max(left.height, right.height)
        case .conditional(let condition, let yes, let no): max(condition.height, yes.height, no.height)
        case .parentheses(let inner), .embedded(let inner, _): inner.height
        }
    }

    private static func tallest(_ parts: [HCLExpression]) -> Int {
        parts.reduce(0) { max($0, $1.height) }
    }
}
