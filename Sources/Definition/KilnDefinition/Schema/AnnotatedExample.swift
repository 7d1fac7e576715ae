/// A definition with every key of the declaration, each under its help. Where an object has one of several keys, the
/// first stands and the others are comments.
enum AnnotatedExample {
    private static let width = 100

    static func text() -> String {
        let lines = object(TopKeys.shape.facts, indent: "")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func object(_ shape: ShapeFacts, indent: String) -> [String] {
        let others = shape.rules.reduce(into: Set(shape.rules.flatMap(alternatives))) { others, rule in
            if case .needs(let name, let other) = rule, others.contains(other) { others.insert(name) }
        }
        return shape.fields.flatMap { field in
            let help = comment(field.help.replacing("`", with: "") + note(field), indent: indent)
            let value = entry(field, indent: indent)
            return help + (others.contains(field.name) ? value.map { commented($0, indent: indent) } : value)
        }
    }

    private static func alternatives(_ rule: ShapeRule) -> [String] {
        switch rule {
        case .exactlyOne(let names): Array(names.dropFirst())
        case .excludes(let name, _), .suits(let name, _, _): [name]
        case .needs: []
        }
    }

    private static func note(_ field: FieldFacts) -> String {
        if field.isRequired { return " Required." }
        return field.standard.map { " Default: \($0.plain)." } ?? ""
    }

    private static func entry(_ field: FieldFacts, indent: String) -> [String] {
        let inner = indent + "  "
        switch field.syntax.layout {
        case .object(let shape):
            return ["\(indent)\(field.name):"] + object(shape, indent: inner)
        case .list(let item):
            guard case .object(let shape) = item.layout else { break }
            return ["\(indent)\(field.name):"] + listItem(object(shape, indent: inner + "  "), indent: inner)
        case .map(_, let example, let value):
            guard case .object(let shape) = value.layout else { break }
            return ["\(indent)\(field.name):", "\(inner)\(example):"] + object(shape, indent: inner + "  ")
        case .scalar: break
        }
        return ["\(indent)\(field.line)"]
    }

    /// Puts the dash before the first key; comments above it go before the dash.
    private static func listItem(_ lines: [String], indent: String) -> [String] {
        guard let first = lines.firstIndex(where: { !$0.drop { $0 == " " }.hasPrefix("#") }) else {
            return lines
        }
        var lines = lines
        for index in 0..<first { lines[index].removeFirst(2) }
        lines[first] = indent + "- " + lines[first].dropFirst(indent.count + 2)
        return lines
    }

    private static func commented(_ line: String, indent: String) -> String {
        indent + "# " + line.dropFirst(indent.count)
    }

    private static func comment(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = indent + "#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > width, line.count > indent.count + 1 {
                lines.append(line)
                line = indent + "#"
            }
            line += " " + word
        }
        return lines + [line]
    }
}
