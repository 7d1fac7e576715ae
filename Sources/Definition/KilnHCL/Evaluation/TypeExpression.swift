/// Type expressions: `map(object({a = string, b = optional(number, 1)}))`, read without evaluating anything but defaults.
package enum TypeExpression {
    /// The type alone; defaults of attributes are left out.
    package static func type(_ expression: HCLExpression) throws(HCLProblem) -> HCLType {
        try constraint(expression).type
    }

    /// The type and its defaults. A JSON string holds the expression in the native syntax.
    package static func constraint(_ expression: HCLExpression) throws(HCLProblem) -> HCLTypeConstraint {
        guard let inner = expression.embeddedNative else { return try read(expression) }
        do throws(HCLProblem) {
            return try read(inner)
        } catch {
            throw error.moved(to: expression.range)
        }
    }

    private static func read(_ expression: HCLExpression) throws(HCLProblem) -> HCLTypeConstraint {
        switch expression.kind {
        case .variable(let name):
            switch name {
            case "string": return .init(.string)
            case "number": return .init(.number)
            case "bool": return .init(.bool)
            case "any": return .init(.dynamic)
            // As Terraform takes the bare words of old.
            case "list": return .init(.list(.dynamic))
            case "map": return .init(.map(.dynamic))
            default: throw refused(expression.range)
            }
        case .call(let name, let arguments, false):
            guard arguments.count == 1, let inner = arguments.first else {
                throw HCLProblem("type", "\(name)() takes one argument", expression.range)
            }
            return try constructed(name, inner, expression.range)
        case .parentheses(let inner): return try read(inner)
        default: throw refused(expression.range)
        }
    }

    private static func constructed(
        _ name: String,
        _ inner: HCLExpression,
        _ range: Range<Int>
    ) throws(HCLProblem) -> HCLTypeConstraint {
        switch name {
        case "list", "set", "map":
            let element = try read(inner)
            let type: HCLType =
                name == "list"
                ? .list(element.type) : (name == "set" ? .set(element.type) : .map(element.type))
            return .init(type, defaults: [:], children: ["": element])
        case "tuple":
            guard case .tuple(let elements) = inner.kind else { throw refused(inner.range) }
            var parts: [HCLTypeConstraint] = []
            for element in elements { parts.append(try read(element)) }
            let children = Dictionary(parts.enumerated().map { (String($0.offset), $0.element) }) {
                first,
                _ in first
            }
            return .init(.tuple(parts.map(\.type)), defaults: [:], children: children)
        case "object":
            guard case .object(let items) = inner.kind else { throw refused(inner.range) }
            return try object(items)
        case "optional":
            throw HCLProblem("type", "only an object's attributes can be optional", range)
        default: throw refused(range)
        }
    }

    private static func object(_ items: [HCLExpression.ObjectItem]) throws(HCLProblem) -> HCLTypeConstraint {
        var (types, optional): ([String: HCLType], Set<String>) = ([:], [])
        var (defaults, children): ([String: HCLValue], [String: HCLTypeConstraint]) = ([:], [:])
        for item in items {
            guard case .literal(let key) = item.key.kind, let name = key.string else {
                throw refused(item.key.range)
            }
            guard types[name] == nil else {
                throw HCLProblem("duplicate", "the attribute \"\(name)\" is there already", item.key.range)
            }
            guard case .call("optional", let arguments, false) = item.value.kind else {
                let part = try read(item.value)
                (types[name], children[name]) = (part.type, part)
                continue
            }
            guard let first = arguments.first, arguments.count <= 2 else {
                throw HCLProblem("type", "optional() takes a type and a default", item.value.range)
            }
            let part = try read(first)
            optional.insert(name)
            (types[name], children[name]) = (part.type, part)
            if arguments.count == 2 { defaults[name] = try value(arguments[1], as: part) }
        }
        return .init(.object(types, optional: optional), defaults: defaults, children: children)
    }

    /// A default is computed without variables or functions, and has to be of its type.
    private static func value(
        _ expression: HCLExpression,
        as part: HCLTypeConstraint
    ) throws(HCLProblem) -> HCLValue {
        var evaluator = HCLEvaluator()
        let value = evaluator.value(expression, in: HCLScope())
        if let problem = evaluator.problems.first { throw problem }
        do throws(ConversionError) {
            return try part.applied(to: value)
        } catch {
            throw HCLProblem("type", "this default is not of its type: \(error.message)", expression.range)
        }
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
