import KilnHCL
import Testing

/// What is printed reads as what was printed.
@Suite struct RoundTripTests {
    @Test func `an expression that is printed is read as it was`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var maker = ExpressionMaker(random: Random(seed))
        for _ in 0..<500 {
            let made = maker.expression(depth: 4)
            let text = HCLPrinter.text(made)
            let read = try #require(
                try? HCLParser.expression(HCLSource(name: "t", text: text)),
                "seed \(seed): \(text)"
            )
            #expect(shape(read) == shape(made), "seed \(seed): \(text)")
        }
    }

    @Test func `a file that is printed is read as it was`() throws {
        let text =
            "a = <<-E\n    x ${f(1, g...)}%{ if true ~}\n b %{ endif }\n  E\nb \"c d\" e {\n  f = {a = 1, \"b c\" : [for x in y : x if z], (k) = v}.*.b[0]\n  g {}\n  h = a.0.b[*].c[1] /* c */\n  i = -1 + !b ? \"$${x}\" : \"%%{y}\\n\"\n}\nz = {for k, v in m : k => v...}\n"
        let file = parse(text)
        #expect(file.problems.isEmpty)
        let printed = HCLPrinter.text(file.body)
        let again = parse(printed)
        #expect(again.problems.isEmpty, "\(printed)")
        #expect(shape(again.body) == shape(file.body), "\(printed)")
        #expect(HCLPrinter.text(again.body) == printed)
    }
}

/// The tree as text, without places.
func shape(_ expression: HCLExpression) -> String {
    let parts = expression.children.map(shape).joined(separator: ", ")
    let name: String
    switch expression.kind {
    case .literal(let value): name = "literal \(value.content)"
    case .template: name = "template"
    case .tuple: name = "tuple"
    case .object: name = "object"
    case .iteration(let node):
        name =
            "for \(node.form) \(node.key ?? "-") \(node.value) \(node.resultKey == nil) \(node.condition == nil) \(node.isGrouping)"
    case .call(let function, _, let expands): name = "call \(function) \(expands)"
    case .variable(let variable): name = "variable \(variable)"
    case .attribute(_, let attribute): name = "attribute \(attribute)"
    case .index: name = "index"
    case .splat: name = "splat"
    case .element: name = "element"
    case .unary(let sign, _): name = "unary \(sign)"
    case .binary(let sign, _, _): name = "binary \(sign)"
    case .conditional: name = "conditional"
    case .parentheses: name = "parentheses"
    case .embedded(_, let text): name = "embedded \(text)"
    }
    return "(\(name): \(parts))"
}

func shape(_ body: HCLBody) -> String {
    let attributes = body.attributes.map { "\($0.name) = \(shape($0.expression))" }
    return (attributes + body.blocks.map { "\($0.type) \($0.labels) \(shape($0.body))" }).joined(
        separator: "\n"
    )
}

/// Trees as the parser makes them: operands of operators in parentheses, texts in templates never side by side.
struct ExpressionMaker {
    var random: Random

    mutating func expression(depth: Int) -> HCLExpression {
        guard depth > 0 else { return leaf() }
        let next = depth - 1
        switch random.next(14) {
        case 0: return made(.template(texts(next)))
        case 1: return made(.tuple(several { $0.expression(depth: next) }))
        case 2: return made(.object(several { .init(key: $0.key(next), value: $0.expression(depth: next)) }))
        case 3: return iteration(next)
        case 4:
            let arguments = several { $0.expression(depth: next) }
            return made(
                .call(
                    name: name(),
                    arguments: arguments,
                    expandsLast: !arguments.isEmpty && random.next(2) == 0
                )
            )
        case 5: return made(.attribute(closed(next), name()))
        case 6: return made(.index(closed(next), expression(depth: next)))
        case 7: return made(.splat(closed(next), each: each()))
        case 8: return made(.unary(random.next(2) == 0 ? .negate : .not, closed(next)))
        case 9:
            let signs: [HCLExpression.BinaryOperator] = [
                .or, .and, .equal, .notEqual, .less, .greaterOrEqual, .add, .subtract, .multiply, .divide,
                .modulo,
            ]
            return made(.binary(signs[random.next(signs.count)], closed(next), closed(next)))
        case 10: return made(.conditional(closed(next), closed(next), closed(next)))
        case 11: return made(.parentheses(expression(depth: next)))
        case 12:
            return made(
                .conditional(closed(next), made(.template(texts(next))), made(.template(texts(next))))
            )
        default: return leaf()
        }
    }

    private mutating func leaf() -> HCLExpression {
        switch random.next(5) {
        case 0: return made(.literal(.bool(random.next(2) == 0)))
        case 1: return made(.literal(.null()))
        case 2:
            return made(.literal(.number(HCLNumber("\(random.next(1000)).\(random.next(1000))") ?? .zero)))
        case 3: return made(.literal(.string(text())))
        default: return made(.variable(name()))
        }
    }

    private mutating func iteration(_ depth: Int) -> HCLExpression {
        let form: HCLExpression.Iteration.Form = [.tuple, .object, .template][random.next(3)]
        let isObject = form == .object
        let result = form == .template ? made(.template(texts(depth))) : expression(depth: depth)
        return made(
            .iteration(
                .init(
                    form: form,
                    key: random.next(2) == 0 ? name() : nil,
                    value: name(),
                    collection: closed(depth),
                    resultKey: isObject ? closed(depth) : nil,
                    result: result,
                    condition: form != .template && random.next(2) == 0 ? closed(depth) : nil,
                    isGrouping: isObject && random.next(2) == 0
                )
            )
        )
    }

    /// Texts and what is put between them: two parts at least, so that it is a template.
    private mutating func texts(_ depth: Int) -> [HCLExpression] {
        (0...random.next(2)).flatMap { _ in
            [made(.literal(.string(text() + "x"))), made(.parentheses(expression(depth: depth)))]
        }
    }

    private mutating func each() -> HCLExpression {
        var result = made(.element)
        for _ in 0..<random.next(3) { result = made(.attribute(result, name())) }
        if random.next(2) == 0 { result = made(.index(result, leaf())) }
        return result
    }

    private mutating func closed(_ depth: Int) -> HCLExpression {
        made(.parentheses(expression(depth: depth)))
    }

    private mutating func key(_ depth: Int) -> HCLExpression {
        random.next(2) == 0 ? made(.literal(.string(random.next(2) == 0 ? name() : text()))) : closed(depth)
    }

    private mutating func several<Part>(_ make: (inout ExpressionMaker) -> Part) -> [Part] {
        (0..<random.next(3)).map { _ in make(&self) }
    }

    private mutating func name() -> String { ["a", "b_c", "d-e", "é", "fork", "in", "if_"][random.next(7)] }

    private mutating func text() -> String {
        let pieces = [
            "a", "${", "%{", "$", "%", "\"", "\\", "\n", "\t", "~}", "é", "}", "for", " ", "\u{1}", "👩‍👧",
        ]
        return (0..<random.next(4)).map { _ in pieces[random.next(pieces.count)] }.joined()
    }

    private func made(_ kind: HCLExpression.Kind) -> HCLExpression { HCLExpression(kind: kind, range: 0..<0) }
}
