import KilnHCL

/// Turns HCL into nodes: what can be computed is, and what depends on the world is unknown.
struct HCLNodes {
    let source: LintSource
    let neighbours: Neighbours
    var scope: HCLScope
    private var evaluator: HCLEvaluator
    private var depth = 0

    init(_ source: LintSource, _ neighbours: Neighbours, _ scope: HCLScope) {
        self.source = source
        self.neighbours = neighbours
        self.scope = scope
        var limits = HCLEvaluator.Limits()
        limits.steps = 200_000
        limits.stringBytes = 1 << 20
        limits.elements = 20_000
        evaluator = HCLEvaluator(limits: limits)
    }

    // MARK: Bodies

    /// Attributes by their names; blocks of one type as a list, with their labels as keys within.
    mutating func node(_ body: HCLBody, at range: Range<Int>? = nil) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { return .unknown("", at: body.range) }
        var entries = body.attributes.map { attribute in
            Node.Entry(key: attribute.name, keyRange: attribute.nameRange, value: node(attribute.expression))
        }
        var blocks: [(key: String, range: Range<Int>, nodes: [Node])] = []
        for block in body.blocks {
            let (key, value) = self.block(block)
            if let index = blocks.firstIndex(where: { $0.key == key }) {
                blocks[index].nodes.append(value)
            } else {
                blocks.append((key, block.typeRange, [value]))
            }
        }
        entries += blocks.map { block in
            let end = block.nodes.last?.range.upperBound ?? block.range.upperBound
            return Node.Entry(
                key: block.key,
                keyRange: block.range,
                value: Node(.list(block.nodes), at: block.range.lowerBound..<max(block.range.upperBound, end))
            )
        }
        return Node(.map(entries), at: range ?? body.range)
    }

    private mutating func block(_ block: HCLBlock) -> (key: String, value: Node) {
        if block.type == "dynamic", let name = block.labels.first {
            let content = block.body.blocks.first { $0.type == "content" }
            return (name, node(content?.body ?? block.body, at: block.range))
        }
        var value = node(block.body, at: block.range)
        let head =
            block.typeRange.lowerBound..<max(block.typeRange.upperBound, block.body.range.lowerBound - 2)
        for label in block.labels.reversed() {
            let inner = Node(.list([value]), at: block.range)
            value = Node(
                .map([Node.Entry(key: label, keyRange: head, value: inner)]),
                at: block.range
            )
        }
        return (block.type, value)
    }

    // MARK: Expressions

    mutating func node(_ expression: HCLExpression) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth < 96 else { return unknown(expression) }
        switch expression.kind {
        case .parentheses(let inner), .embedded(let inner, _):
            var result = node(inner)
            result.range = expression.range
            return result
        case .tuple(let elements):
            let items = elements.map { node($0) }
            return Node(.list(items), at: expression.range)
        case .object(let items):
            let entries = items.map { item in
                Node.Entry(key: key(item.key), keyRange: item.key.range, value: node(item.value))
            }
            return Node(.map(entries), at: expression.range)
        case .template(let parts): return template(parts, expression)
        case .call(let name, let arguments, _): return call(name, arguments, expression)
        default: return computed(expression)
        }
    }

    private mutating func key(_ expression: HCLExpression) -> String {
        if case .variable(let name) = expression.kind { return name }
        return node(expression).text ?? ""
    }

    private func unknown(_ expression: HCLExpression) -> Node {
        .unknown(source.text(expression.range), at: expression.range)
    }

    private mutating func computed(_ expression: HCLExpression) -> Node {
        let value = evaluator.value(expression, in: scope)
        return Self.node(value, at: expression.range) ?? unknown(expression)
    }

    /// Text with its unknown parts as they were written.
    private mutating func template(_ parts: [HCLExpression], _ expression: HCLExpression) -> Node {
        var text = ""
        var isUnknown = false
        var isElsewhere = false
        for part in parts {
            let value = node(part)
            isElsewhere = isElsewhere || value.isElsewhere
            if value.isUnknown || value.text == nil {
                isUnknown = true
                text += "${\(source.text(part.range))}"
            } else {
                text += value.text ?? ""
            }
        }
        var result = Node(.scalar(text), at: expression.range)
        result.style = .quoted
        result.isUnknown = isUnknown
        result.isElsewhere = isElsewhere
        return result
    }

    private mutating func call(
        _ name: String,
        _ arguments: [HCLExpression],
        _ expression: HCLExpression
    ) -> Node {
        switch name {
        case "jsonencode", "yamlencode", "base64encode", "base64gzip", "textencodebase64", "trimspace",
            "chomp",
            "sensitive", "nonsensitive", "tostring", "tolist", "toset", "tomap":
            guard let first = arguments.first else { return unknown(expression) }
            return node(first)
        case "file", "templatefile", "filebase64":
            guard let path = arguments.first.map({ node($0) }), let name = path.text, !path.isUnknown,
                let bytes = neighbours.text(name)
            else { return unknown(expression) }
            var result = Node(.scalar(String(decoding: bytes, as: UTF8.self)), at: expression.range)
            result.isElsewhere = true
            result.style = .block
            return result
        case "concat":
            return Node(.list(arguments.flatMap { node($0).items }), at: expression.range)
        case "merge":
            return merge(arguments.map { node($0) }, at: expression.range)
        default: return computed(expression)
        }
    }

    /// Of one name the last counts; what nobody knows may be in the way of all that came before it.
    private func merge(_ maps: [Node], at range: Range<Int>) -> Node {
        var entries: [Node.Entry] = []
        var places: [String: Int] = [:]
        for map in maps {
            if map.isUnknown {
                entries = entries.map {
                    Node.Entry(key: $0.key, keyRange: $0.keyRange, value: .unknown($0.key, at: $0.keyRange))
                }
            }
            for entry in map.entries {
                if let place = places[entry.key] {
                    entries[place] = entry
                } else {
                    places[entry.key] = entries.count
                    entries.append(entry)
                }
            }
        }
        return Node(.map(entries), at: range)
    }

    // MARK: Values

    static func node(_ value: HCLValue, at range: Range<Int>) -> Node? {
        guard !value.isUnknown else { return nil }
        if value.isNull { return Node(.scalar("null"), at: range) }
        if let bool = value.bool { return Node(.scalar(bool ? "true" : "false"), at: range) }
        if let number = value.number { return Node(.scalar(number.description), at: range) }
        if let text = value.string {
            var node = Node(.scalar(text), at: range)
            node.style = .quoted
            return node
        }
        if let attributes = value.attributes {
            let entries = attributes.sorted { $0.key < $1.key }.map { name, value in
                Node.Entry(
                    key: name,
                    keyRange: range,
                    value: node(value, at: range) ?? .unknown(name, at: range)
                )
            }
            return Node(.map(entries), at: range)
        }
        if let elements = value.elements {
            return Node(.list(elements.map { node($0, at: range) ?? .unknown("", at: range) }), at: range)
        }
        return nil
    }

    // MARK: Scope

    /// `var`, `local` and `path`, as far as the files of a module tell them.
    static func scope(of bodies: [HCLBody]) -> HCLScope {
        var scope = HCLScope(functions: StandardFunctions.table, unresolved: .unknown)
        scope.variables["path"] = .object(["module": .string("."), "root": .string("."), "cwd": .string(".")])
        var evaluator = HCLEvaluator()
        var variables: [String: HCLValue] = [:]
        var locals: [(name: String, expression: HCLExpression)] = []
        for body in bodies {
            for block in body.blocks {
                if block.type == "variable", let name = block.labels.first {
                    let value = block.body[attribute: "default"].map {
                        evaluator.value($0.expression, in: scope)
                    }
                    variables[name] = value.map { $0.isNull ? .dynamic : $0 } ?? .dynamic
                } else if block.type == "locals" {
                    locals += block.body.attributes.map { ($0.name, $0.expression) }
                }
            }
        }
        scope.variables["var"] = .object(variables)
        var values = Dictionary(locals.map { ($0.name, HCLValue.dynamic) }) { first, _ in first }
        for _ in 0..<(locals.isEmpty ? 0 : 3) {
            scope.variables["local"] = .object(values)
            for local in locals { values[local.name] = evaluator.value(local.expression, in: scope) }
        }
        scope.variables["local"] = .object(values)
        return scope
    }
}
