/// The JSON syntax (json/spec.md): what a value means depends on what the schema asks for.
package enum HCLJSON {
    package static func parse(_ source: HCLSource, limits: HCLParser.Limits = .init()) -> HCLFile {
        var (body, problems): (HCLBody, [HCLProblem]) = (HCLBody(), [])
        do throws(HCLProblem) {
            guard source.bytes.count <= limits.bytes else {
                throw HCLProblem("limit", "the file is larger than \(limits.bytes) bytes", 0..<0)
            }
            let root = try JSONReader.read(source, nesting: limits.nesting)
            body.range = root.range
            body.properties = try properties(root)
        } catch {
            problems.append(error)
        }
        return HCLFile(source: source, body: body, comments: [], problems: problems)
    }

    /// An object's properties, or those of an array's objects one after the other.
    static func properties(_ node: JSONNode) throws(HCLProblem) -> [JSONProperty] {
        switch node.kind {
        case .object(let properties): return properties
        case .array(let nodes):
            var result: [JSONProperty] = []
            for node in nodes {
                guard case .object(let properties) = node.kind else {
                    throw HCLProblem("syntax", "an object is expected here", node.range)
                }
                result += properties
            }
            return result
        default: throw HCLProblem("syntax", "an object, or an array of objects, is expected here", node.range)
        }
    }

    /// One body for an object, as many as an array has.
    private static func bodies(_ node: JSONNode) throws(HCLProblem) -> [HCLBody] {
        switch node.kind {
        case .null: return []
        case .array(let nodes):
            var result: [HCLBody] = []
            for node in nodes { result += try bodies(node) }
            return result
        default: return [HCLBody(range: node.range, properties: try properties(node))]
        }
    }

    static func blocks(
        _ property: JSONProperty,
        labels count: Int
    ) throws(HCLProblem) -> [HCLBlock] {
        var levels: [(labels: [JSONProperty], node: JSONNode)] = [([], property.value)]
        for _ in 0..<count {
            var next: [(labels: [JSONProperty], node: JSONNode)] = []
            for (labels, node) in levels where node.kind != .null {
                for inner in try properties(node) where inner.name != "//" {
                    next.append((labels + [inner], inner.value))
                }
            }
            levels = next
        }
        var result: [HCLBlock] = []
        for (labels, node) in levels {
            for body in try bodies(node) {
                result.append(
                    HCLBlock(
                        type: property.name,
                        typeRange: property.nameRange,
                        labels: labels.map(\.name),
                        labelRanges: labels.map(\.nameRange),
                        body: body,
                        range: body.range
                    )
                )
            }
        }
        return result
    }

    static func attribute(_ property: JSONProperty) throws(HCLProblem) -> HCLAttribute {
        let expression = try expression(property.value)
        return HCLAttribute(name: property.name, nameRange: property.nameRange, expression: expression)
    }

    static func expression(_ node: JSONNode) throws(HCLProblem) -> HCLExpression {
        let kind: HCLExpression.Kind
        switch node.kind {
        case .null: kind = .literal(.null())
        case .bool(let value): kind = .literal(.bool(value))
        case .number(let value): kind = .literal(.number(value))
        case .string(let text): return try template(text, node.range)
        case .array(let nodes):
            var elements: [HCLExpression] = []
            for node in nodes { elements.append(try expression(node)) }
            kind = .tuple(elements)
        case .object(let properties):
            var items: [HCLExpression.ObjectItem] = []
            var names: Set<String> = []
            for property in properties {
                guard names.insert(property.name).inserted else {
                    throw HCLProblem("duplicate", "\"\(property.name)\" is set already", property.nameRange)
                }
                let key = try template(property.name, property.nameRange)
                items.append(.init(key: key, value: try expression(property.value)))
            }
            kind = .object(items)
        }
        return HCLExpression(kind: kind, range: node.range, isJSON: true)
    }

    /// What goes wrong inside is told at the whole string, since escapes move offsets.
    private static func template(_ text: String, _ range: Range<Int>) throws(HCLProblem) -> HCLExpression {
        do throws(HCLProblem) {
            let inner = try HCLParser.template(HCLSource(name: "", text: text))
            if case .literal = inner.kind {
                return HCLExpression(kind: inner.kind, range: range, isJSON: true)
            }
            return HCLExpression(kind: .embedded(inner, text: text), range: range, isJSON: true)
        } catch {
            throw error.moved(to: range)
        }
    }
}
