import KilnDiagnostics

/// The errors that every kind of value shares.
extension Reading {
    mutating func reportType(_ passage: Passage, expected: String) {
        let example = passage.example.map { "for example: \($0)" }
        guard !passage.node.isNothing else {
            let what = passage.key?.scalar.map { "\"\($0.text)\" has no value" } ?? "an item without a value"
            report("no-value", "\(what); expected \(expected)", in: passage, hint: example)
            return
        }
        report("wrong-type", "expected \(expected), found \(passage.node.kind)", in: passage, hint: example)
    }

    mutating func reportEmpty(_ passage: Passage, _ message: String) {
        report("no-value", message, in: passage, hint: passage.example.map { "for example: \($0)" })
    }

    mutating func reportQuotes(_ passage: Passage, _ scalar: YAMLScalar, needed: Bool) {
        let name = passage.key?.scalar?.text ?? passage.path.name
        if needed {
            report(
                "unquoted",
                "\(name) is to be written in quotes",
                in: passage,
                hint:
                    "write \"\(scalar.text)\": without quotes YAML's versions disagree on which number it is"
            )
        } else {
            report(
                "quoted",
                "\(name) is to be written without quotes",
                in: passage,
                hint: "write \(scalar.text)"
            )
        }
    }

    /// Each further appearance of an item of a list whose items differ.
    mutating func reportRepeated(_ nodes: [YAMLNode], in passage: Passage) {
        var first: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            guard let text = node.scalar?.text, !node.isNothing else { continue }
            guard let earlier = first[text] else {
                first[text] = index
                continue
            }
            let note = Diagnostic(
                .note,
                code: "definition.place",
                "it is here first",
                at: lines.span(of: nodes[earlier]),
                exitStatus: .usage
            )
            report(
                "duplicate-item",
                "\"\(text)\" is in the list twice",
                in: passage.item(index, node),
                hint: "keep one of the two",
                notes: [note]
            )
        }
    }
}
