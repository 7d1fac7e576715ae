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
        if case .embedded(_, let text) = kind {
            return try? HCLParser.expression(HCLSource(name: "", text: text)).staticCall
        }
        guard case .call(let name, let arguments, false) = kind else { return nil }
        return (name, arguments)
    }

    /// The expression as a plain traversal.
    package var staticTraversal: HCLTraversal? {
        if case .embedded(_, let text) = kind {
            return try? HCLParser.expression(HCLSource(name: "", text: text)).staticTraversal?.moved(
                to: range
            )
        }
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
