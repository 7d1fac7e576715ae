import KilnDiagnostics

/// `dynamic "type" { for_each, iterator, labels, content {} }`: a block for each element, in both syntaxes.
///
/// What was made carries its scope, in which the iterator stands; a body inside is asked again with that scope, so that dynamic blocks nest to any depth.
package struct DynamicBlocks: Sendable {
    package private(set) var problems: [HCLProblem] = []
    /// Blocks that may come out, of all bodies together.
    package var limit = 10_000
    private var made = 0

    package init() {}

    /// A block that was written or made, and the names its body sees.
    package struct Expanded: Sendable {
        package let block: HCLBlock
        package let scope: HCLScope
    }

    /// A body as a schema sees it, with dynamic blocks unrolled; nil in place of those whose number is not known.
    package struct Content: Sendable {
        package var attributes: [String: HCLAttribute] = [:]
        package var blocks: [Expanded?] = []
    }

    /// The body's blocks, with dynamic ones unrolled; for the native syntax, which needs no schema.
    package mutating func expand(_ body: HCLBody, in scope: HCLScope) -> [Expanded?] {
        body.blocks.flatMap { block -> [Expanded?] in
            guard block.type == "dynamic", let type = block.labels.first else {
                return [Expanded(block: block, scope: scope)]
            }
            return unrolled(block, type, labels: nil, scope)
        }
    }

    /// What the schema asks for, in either syntax. A dynamic block counts as the blocks it makes.
    package mutating func content(_ body: HCLBody, _ schema: HCLSchema, in scope: HCLScope) -> Content {
        var wanted = schema
        wanted.blocks.append(.init("dynamic", labels: ["type"]))
        let parts = body.content(wanted)
        problems += parts.problems
        var result = Content(attributes: parts.attributes)
        for block in parts.blocks {
            guard block.type == "dynamic", let type = block.labels.first else {
                result.blocks.append(Expanded(block: block, scope: scope))
                continue
            }
            guard let known = schema.blocks.first(where: { $0.type == type }) else {
                let hint = Spelling.hint(for: type, in: schema.blocks.map(\.type))
                let place = block.labelRanges.first ?? block.typeRange
                problems.append(
                    HCLProblem("unsupported", "no block \"\(type)\" is expected here", place, hint: hint)
                )
                continue
            }
            result.blocks += unrolled(block, type, labels: known.labels.count, scope)
        }
        return result
    }

    private static let schema = HCLSchema(
        attributes: ["for_each": true, "iterator": false, "labels": false],
        blocks: [.init("content")]
    )

    private mutating func unrolled(
        _ block: HCLBlock,
        _ type: String,
        labels count: Int?,
        _ scope: HCLScope
    ) -> [Expanded?] {
        let parts = block.body.content(Self.schema)
        problems += parts.problems
        guard let content = parts.blocks.first, let each = parts.attributes["for_each"] else {
            if parts.blocks.isEmpty {
                let message = "a dynamic block needs a block \"content\""
                problems.append(HCLProblem("missing", message, block.typeRange))
            }
            return []
        }
        if parts.blocks.count > 1 {
            let message = "a dynamic block has one block \"content\""
            problems.append(HCLProblem("duplicate", message, parts.blocks[1].typeRange))
        }
        guard let iterator = iterator(parts.attributes["iterator"], type) else { return [] }
        var evaluator = HCLEvaluator()
        defer { problems += evaluator.problems }
        let collection = evaluator.value(each.expression, in: scope)
        if collection.isUnknown { return [nil] }
        guard let pairs = pairs(collection, each) else { return [] }
        return pairs.map { key, value in
            let inner = scope.adding([iterator: .object(["key": key, "value": value])])
            guard let labels = self.labels(parts.attributes["labels"], count, block, inner, &evaluator) else {
                return nil
            }
            let made = HCLBlock(
                type: type,
                typeRange: block.typeRange,
                labels: labels,
                labelRanges: [],
                body: content.body,
                range: block.range
            )
            return Expanded(block: made, scope: inner)
        }
    }

    private mutating func iterator(_ attribute: HCLAttribute?, _ type: String) -> String? {
        guard let attribute else { return type }
        if let traversal = attribute.expression.staticTraversal, traversal.steps.isEmpty {
            return traversal.root
        }
        let message = "the iterator is a single name"
        problems.append(HCLProblem("value", message, attribute.expression.range))
        return nil
    }

    private mutating func pairs(
        _ collection: HCLValue,
        _ each: HCLAttribute
    ) -> [(key: HCLValue, value: HCLValue)]? {
        let range = each.expression.range
        guard let pairs = collection.pairs else {
            problems.append(HCLProblem("value", "for_each needs a collection", range))
            return nil
        }
        guard !collection.isSensitive else {
            let message = "for_each is sensitive, and how many blocks there are would show"
            problems.append(HCLProblem("value", message, range))
            return nil
        }
        made += pairs.count
        guard made <= limit else {
            problems.append(HCLProblem("limit", "more than \(limit) blocks", range))
            return nil
        }
        return pairs
    }

    /// Nil where they are not known, or wrong, which was told.
    private mutating func labels(
        _ attribute: HCLAttribute?,
        _ count: Int?,
        _ block: HCLBlock,
        _ scope: HCLScope,
        _ evaluator: inout HCLEvaluator
    ) -> [String]? {
        guard let attribute else {
            guard count ?? 0 == 0 else {
                problems.append(
                    HCLProblem(
                        "labels",
                        "\"labels\" is missing: the block has \(count ?? 0)",
                        block.typeRange
                    )
                )
                return nil
            }
            return []
        }
        let value = evaluator.value(attribute.expression, in: scope)
        guard !value.isUnknown else { return nil }
        let names = (value.elements ?? []).map { (try? $0.converted(to: .string))?.string }
        guard value.elements?.contains(where: \.isUnknown) != true else { return nil }
        guard value.elements != nil, !names.contains(nil), count == nil || count == names.count else {
            let message =
                count.map { "\"labels\" is a list of \($0) strings" } ?? "\"labels\" is a list of strings"
            problems.append(HCLProblem("labels", message, attribute.expression.range))
            return nil
        }
        return names.compactMap(\.self)
    }
}
