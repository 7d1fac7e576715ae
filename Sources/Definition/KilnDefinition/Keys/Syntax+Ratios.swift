import KilnDiagnostics

extension Syntax where Value == Double {
    /// Points of a hundred, such as `1%` or `0.5%`.
    static var percentage: Syntax { .ratio("share", sign: "%", in: 0...100, example: "0.5%") }

    /// How many times another value, such as `1.5x`.
    static var factor: Syntax { .ratio("factor", sign: "x", in: 1...1000, example: "1.5x") }

    private static func ratio(
        _ noun: String,
        sign: String,
        in range: ClosedRange<Double>,
        example: String
    ) -> Syntax {
        .scalar(
            noun,
            expected: "a \(noun) such as \(example)",
            schema: pattern("^(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?\(sign)$"),
            shown: { .string(DecimalText.text($0) + sign) },
            parse: { text throws(ValueError) in
                guard text.hasSuffix(sign), let value = DecimalText.parse(text.dropLast()),
                    range.contains(value)
                else {
                    let (least, most) = (
                        DecimalText.text(range.lowerBound), DecimalText.text(range.upperBound)
                    )
                    throw ValueError(
                        "bad-\(noun)",
                        "\"\(ShownText.line(text))\" is no \(noun)",
                        hint: "from \(least)\(sign) to \(most)\(sign), such as \(example)"
                    )
                }
                return value
            }
        )
    }
}

extension Syntax {
    /// `false` or `true`, which is `standing`, or an object that says what is meant.
    static func flag<Root>(or shape: Shape<Root>, standing: Root) -> Syntax where Value == Root? {
        let object = Syntax<Root>.object(shape)
        return Syntax(
            facts: SyntaxFacts(
                name: "true, false or \(shape.facts.name)",
                expected: "true, false, or \(shape.expected)",
                schema: ["anyOf": [["type": "boolean"], object.facts.schema]],
                layout: object.facts.layout
            ),
            read: { passage, reading in
                guard passage.node.scalar != nil else { return object.read(passage, &reading).map { $0 } }
                return Syntax<Bool>.flag.read(passage, &reading).map { $0 ? standing : nil }
            },
            shown: { $0 == nil ? false : nil }
        )
    }
}
