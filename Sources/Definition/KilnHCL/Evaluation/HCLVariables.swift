/// A use of a variable: its name, and the attributes and literal indexes behind it, as far as they are plain.
package struct HCLTraversal: Sendable, Hashable {
    package let root: String
    package let steps: [HCLValue]
    package let range: Range<Int>

    func moved(to range: Range<Int>) -> HCLTraversal { HCLTraversal(root: root, steps: steps, range: range) }
}

/// Static analysis (hclsyntax/spec.md, "Static Analysis").
extension HCLExpression {
    /// The name and arguments where the expression is a call.
    package var staticCall: (name: String, arguments: [HCLExpression])? {
        if let embeddedNative { return embeddedNative.staticCall }
        guard case .call(let name, let arguments, false) = kind else { return nil }
        return (name, arguments)
    }

    /// The expression as a plain traversal.
    package var staticTraversal: HCLTraversal? {
        if let embeddedNative { return embeddedNative.plainTraversal?.moved(to: range) }
        return plainTraversal
    }

    private var plainTraversal: HCLTraversal? {
        switch kind {
        case .variable(let name): return HCLTraversal(root: name, steps: [], range: range)
        case .attribute(let base, let name):
            return base.plainTraversal.map {
                .init(root: $0.root, steps: $0.steps + [.string(name)], range: range)
            }
        case .index(let base, let key):
            guard case .literal(let value) = key.kind else { return nil }
            return base.plainTraversal.map { .init(root: $0.root, steps: $0.steps + [value], range: range) }
        default: return nil
        }
    }

    /// What a JSON string says when it is read as an expression rather than as a template.
    var embeddedNative: HCLExpression? {
        let text: String
        switch kind {
        case .embedded(_, let written): text = written
        case .literal(let value) where isJSON && value.string != nil: text = value.string ?? ""
        default: return nil
        }
        return try? HCLParser.expression(HCLSource(name: "", text: text))
    }

    /// The value where it is written out, without variables, functions or operators save a sign; a JSON string is itself, whatever template it holds.
    package var literal: HCLValue? {
        switch kind {
        case .literal(let value): return value
        case .embedded(_, let text): return .string(text)
        case .parentheses(let inner): return inner.literal
        case .unary(.negate, let inner): return inner.literal?.number.map { .number($0.negated()) }
        case .tuple(let elements):
            let values = elements.compactMap(\.literal)
            return values.count == elements.count ? .tuple(values) : nil
        case .object(let items):
            var attributes: [String: HCLValue] = [:]
            for item in items {
                guard let key = (try? item.key.literal?.converted(to: .string))?.string,
                    let value = item.value.literal
                else { return nil }
                attributes[key] = value
            }
            return .object(attributes)
        default: return nil
        }
    }

    /// Expressions directly inside, in the order they are written.
    package var children: [HCLExpression] {
        switch kind {
        case .literal, .variable, .element: []
        case .template(let parts), .tuple(let parts), .call(_, let parts, _): parts
        case .object(let items): items.flatMap { [$0.key, $0.value] }
        case .iteration(let node):
            [node.collection] + [node.resultKey, node.result, node.condition].compactMap(\.self)
        case .attribute(let base, _), .unary(_, let base), .parentheses(let base), .embedded(let base, _):
            [base]
        case .index(let left, let right), .splat(let left, let right), .binary(_, let left, let right):
            [left, right]
        case .conditional(let condition, let yes, let no): [condition, yes, no]
        }
    }

    /// Goes through the expression and all inside it, each before its parts.
    package func walk(_ visit: (HCLExpression) -> Void) {
        visit(self)
        for child in children { child.walk(visit) }
    }

    /// What the expression refers to outside itself, in order.
    package var variables: [HCLTraversal] { variables(hiding: []) }

    private func variables(hiding hidden: Set<String>) -> [HCLTraversal] {
        if let traversal = plainTraversal { return hidden.contains(traversal.root) ? [] : [traversal] }
        switch kind {
        case .literal, .element, .variable: return []
        case .template(let parts), .tuple(let parts), .call(_, let parts, _):
            return parts.flatMap { $0.variables(hiding: hidden) }
        case .object(let items):
            return items.flatMap { $0.key.variables(hiding: hidden) + $0.value.variables(hiding: hidden) }
        case .iteration(let node):
            let inner = hidden.union([node.key, node.value].compactMap(\.self))
            return node.collection.variables(hiding: hidden)
                + [node.resultKey, node.result, node.condition].compactMap(\.self)
                .flatMap { $0.variables(hiding: inner) }
        case .embedded(let inner, _):
            return inner.variables(hiding: hidden).map { $0.moved(to: range) }
        case .attribute(let base, _), .unary(_, let base), .parentheses(let base):
            return base.variables(hiding: hidden)
        case .index(let left, let right), .splat(let left, let right), .binary(_, let left, let right):
            return left.variables(hiding: hidden) + right.variables(hiding: hidden)
        case .conditional(let condition, let yes, let no):
            return [condition, yes, no].flatMap { $0.variables(hiding: hidden) }
        }
    }
}
