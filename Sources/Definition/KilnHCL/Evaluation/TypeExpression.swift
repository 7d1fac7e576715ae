/// Type expressions: `map(object({a = string, b = optional(number, 1)}))`, read without evaluating anything but defaults.
package enum TypeExpression {
    package static func type(_ expression: HCLExpression) throws(HCLProblem) -> HCLType {
        switch expression.kind {
        case .variable(let name):
            switch name {
            case "string": return .string
            case "number": return .number
            case "bool": return .bool
            case "any": return .dynamic
            default: throw refused(expression.range)
            }
        case .call(let name, let arguments, false):
            guard arguments.count == 1, let inner = arguments.first else {
                throw HCLProblem("type", "\(name)() takes one argument", expression.range)
            }
            return try constructed(name, inner, expression.range)
        default: throw refused(expression.range)
        }
    }

    private static func constructed(
        _ name: String,
        _ inner: HCLExpression,
        _ range: Range<Int>
    ) throws(HCLProblem) -> HCLType {
        switch name {
        case "list": return .list(try type(inner))
        case "set": return .set(try type(inner))
        case "map": return .map(try type(inner))
        case "tuple":
            guard case .tuple(let elements) = inner.kind else { throw refused(inner.range) }
            var types: [HCLType] = []
            for element in elements { types.append(try type(element)) }
            return .tuple(types)
        case "object":
            guard case .object(let items) = inner.kind else { throw refused(inner.range) }
            return try object(items)
        default: throw refused(range)
        }
    }

    private static func object(_ items: [HCLExpression.ObjectItem]) throws(HCLProblem) -> HCLType {
        var (types, optional): ([String: HCLType], Set<String>) = ([:], [])
        for item in items {
            guard case .literal(let key) = item.key.kind, let name = key.string else {
                throw refused(item.key.range)
            }
            var written = item.value
            if case .call("optional", let arguments, false) = written.kind, let first = arguments.first,
                arguments.count <= 2
            {
                optional.insert(name)
                written = first
            }
            types[name] = try type(written)
        }
        return .object(types, optional: optional)
    }

    private static func refused(_ range: Range<Int>) -> HCLProblem {
        HCLProblem(
            "type",
            "this is no type",
            range,
            hint: "string, number, bool, any, list(…), set(…), map(…), tuple([…]), object({…})"
        )
    }
}
