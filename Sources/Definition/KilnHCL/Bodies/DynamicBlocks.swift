import KilnDiagnostics

/// `dynamic "type" { for_each, iterator, labels, content {} }`: a block for each element.
package struct DynamicBlocks: Sendable {
    package private(set) var problems: [HCLProblem] = []
    /// Blocks that may come out of one body.
    package var limit = 10_000

    package init() {}

    /// A block that was written or made, and the names its body sees.
    package struct Expanded: Sendable {
        package let block: HCLBlock
        package let scope: HCLScope
    }

    /// The body's blocks, with dynamic ones unrolled; nil in place of those whose number is not known.
    package mutating func expand(_ body: HCLBody, in scope: HCLScope) -> [Expanded?] {
        var result: [Expanded?] = []
        for block in body.blocks {
            if block.type == "dynamic", let type = block.labels.first {
                result += made(from: block, type, scope)
            } else {
                result.append(Expanded(block: block, scope: scope))
            }
        }
        return result
    }

    private mutating func made(from block: HCLBlock, _ type: String, _ scope: HCLScope) -> [Expanded?] {
        let schema = HCLSchema(
            attributes: ["for_each": true, "iterator": false, "labels": false],
            blocks: [.init("content")]
        )
        let parts = block.body.content(schema)
        problems += parts.problems
        guard let content = parts.blocks.first, let each = parts.attributes["for_each"] else {
            if parts.blocks.isEmpty {
                problems.append(
                    HCLProblem("missing", "a dynamic block needs a block \"content\"", block.typeRange)
                )
            }
            return []
        }
        var evaluator = HCLEvaluator()
        defer { problems += evaluator.problems }
        let collection = evaluator.value(each.expression, in: scope)
        if collection.isUnknown { return [nil] }
        guard let pairs = collection.pairs, pairs.count <= limit else {
            let message =
                collection.pairs == nil ? "for_each needs a collection" : "more than \(limit) blocks"
            problems.append(HCLProblem("value", message, each.expression.range))
            return []
        }
        let iterator = parts.attributes["iterator"]?.expression.staticTraversal?.root ?? type
        return pairs.map { key, value in
            let inner = scope.adding([iterator: .object(["key": key, "value": value])])
            let labels = parts.attributes["labels"].map { evaluator.value($0.expression, in: inner) }
            let names = (labels?.elements ?? []).map { (try? $0.converted(to: .string))?.string }
            guard labels?.isUnknown != true, !names.contains(nil) else { return nil }
            let made = HCLBlock(
                type: type,
                typeRange: block.typeRange,
                labels: names.compactMap(\.self),
                body: content.body,
                range: block.range
            )
            return Expanded(block: made, scope: inner)
        }
    }
}
