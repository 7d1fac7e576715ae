/// Writes what was parsed as text again: the same once read, save for comments, layout and how strings were written.
package struct HCLPrinter {
    private var text = ""

    package static func text(_ body: HCLBody) -> String {
        var printer = HCLPrinter()
        printer.body(body, indent: 0)
        return printer.text
    }

    package static func text(_ expression: HCLExpression) -> String {
        var printer = HCLPrinter()
        printer.expression(expression)
        return printer.text
    }

    private mutating func body(_ body: HCLBody, indent: Int) {
        let space = String(repeating: "  ", count: indent)
        var items: [(place: Int, write: (inout HCLPrinter) -> Void)] = body.attributes.map { attribute in
            (
                attribute.nameRange.lowerBound,
                { printer in
                    printer.text += space + attribute.name + " = "
                    printer.expression(attribute.expression)
                    printer.text += "\n"
                }
            )
        }
        items += body.blocks.map { block in
            (
                block.range.lowerBound,
                { printer in
                    printer.text += space + block.type
                    for label in block.labels { printer.text += " " + Self.quoted(label) }
                    printer.text += " {\n"
                    printer.body(block.body, indent: indent + 1)
                    printer.text += space + "}\n"
                }
            )
        }
        for item in items.sorted(by: { $0.place < $1.place }) { item.write(&self) }
    }

    private mutating func expression(_ expression: HCLExpression) {
        switch expression.kind {
        case .literal(let value): text += Self.literal(value)
        case .template: quotedTemplate([expression])
        case .iteration(let node) where node.form == .template: quotedTemplate([expression])
        case .tuple(let elements): list("[", elements, "]")
        case .object(let items): object(items)
        case .iteration(let node): iteration(node)
        case .call(let name, let arguments, let expands):
            list(name + "(", arguments, expands ? "...)" : ")")
        case .variable(let name): text += name
        case .attribute(let base, let name):
            self.expression(base)
            text += "." + name
        case .index(let base, let key):
            self.expression(base)
            text += "["
            self.expression(key)
            text += "]"
        case .splat(let base, let each):
            self.expression(base)
            text += each.hasAttributesOnly ? ".*" : "[*]"
            self.expression(each)
        case .element: break
        case .unary(let sign, let operand):
            text += sign.rawValue
            self.expression(operand)
        case .binary(let sign, let left, let right):
            self.expression(left)
            text += " " + sign.rawValue + " "
            self.expression(right)
        case .conditional(let condition, let yes, let no):
            guard !yes.isTemplate || !no.isTemplate else { return quotedTemplate([expression]) }
            self.expression(condition)
            text += " ? "
            self.expression(yes)
            text += " : "
            self.expression(no)
        case .parentheses(let inner): list("(", [inner], ")")
        case .embedded(let inner, _): self.expression(inner)
        }
    }

    private mutating func list(_ open: String, _ parts: [HCLExpression], _ close: String) {
        text += open
        for (index, part) in parts.enumerated() {
            if index > 0 { text += ", " }
            expression(part)
        }
        text += close
    }

    private mutating func object(_ items: [HCLExpression.ObjectItem]) {
        text += "{"
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            if case .literal(let value) = item.key.kind, let name = value.string, name != "for",
                Self.isName(name)
            {
                text += name
            } else {
                expression(item.key)
            }
            text += " = "
            expression(item.value)
        }
        text += "}"
    }

    private mutating func iteration(_ node: HCLExpression.Iteration) {
        text += node.form == .object ? "{" : "["
        head(node)
        text += " : "
        if let key = node.resultKey {
            expression(key)
            text += " => "
        }
        expression(node.result)
        if node.isGrouping { text += "..." }
        if let condition = node.condition {
            text += " if "
            expression(condition)
        }
        text += node.form == .object ? "}" : "]"
    }

    private mutating func head(_ node: HCLExpression.Iteration) {
        text += "for " + (node.key.map { $0 + ", " } ?? "") + node.value + " in "
        expression(node.collection)
    }

    private mutating func quotedTemplate(_ parts: [HCLExpression]) {
        text += "\""
        for part in parts { templatePart(part, isTop: true) }
        text += "\""
    }

    private mutating func templatePart(_ part: HCLExpression, isTop: Bool = false) {
        switch part.kind {
        case .literal(let value) where value.string != nil:
            text += Self.escaped(value.string ?? "", beforePart: true)
        case .template(let parts) where isTop: for part in parts { templatePart(part) }
        case .iteration(let node) where node.form == .template:
            text += "%{ "
            head(node)
            text += " }"
            templatePart(node.result, isTop: true)
            text += "%{ endfor }"
        case .conditional(let condition, let yes, let no) where yes.isTemplate && no.isTemplate:
            text += "%{ if "
            expression(condition)
            text += " }"
            templatePart(yes, isTop: true)
            text += "%{ else }"
            templatePart(no, isTop: true)
            text += "%{ endif }"
        default:
            text += "${"
            expression(part)
            text += "}"
        }
    }

    private static func literal(_ value: HCLValue) -> String {
        switch value.content {
        case .null, .unknown: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.description
        case .string(let text): quoted(text)
        case .elements(let elements): "[" + elements.map(literal).joined(separator: ", ") + "]"
        case .attributes(let attributes):
            "{"
                + attributes.sorted { $0.key < $1.key }.map { quoted($0.key) + " = " + literal($0.value) }
                .joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String { "\"" + escaped(text) + "\"" }

    /// A sign that starts a template is written twice; before a template's part a last one is written by its number.
    private static func escaped(_ text: String, beforePart: Bool = false) -> String {
        var result = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"", "\\": result += "\\" + String(scalar)
            case "$" where beforePart && rest.isEmpty: result += "\\u0024"
            case "%" where beforePart && rest.isEmpty: result += "\\u0025"
            case "$", "%": result += String(scalar) + (rest.first == "{" ? String(scalar) : "")
            case _ where scalar.value < 32 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whether a key can stand without quotes.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (65...90).contains(first & 0xDF) || first == 95 else {
            return false
        }
        return text.utf8.allSatisfy {
            (65...90).contains($0 & 0xDF) || (48...57).contains($0) || $0 == 95 || $0 == 45
        }
    }
}

extension HCLExpression {
    fileprivate var isTemplate: Bool {
        if case .template = kind { true } else { false }
    }

    fileprivate var hasAttributesOnly: Bool {
        switch kind {
        case .element: true
        case .attribute(let base, _): base.hasAttributesOnly
        default: false
        }
    }
}
