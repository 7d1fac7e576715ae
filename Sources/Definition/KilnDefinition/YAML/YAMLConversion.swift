import KilnDiagnostics
import Yams

/// Turns the parser's nodes into ours and reports what a definition does not use of YAML.
struct YAMLConversion {
    let lines: SourceLines
    let masked: [YAMLPlace: String]
    private var count = 0
    private var reported: Set<YAMLPlace> = []

    init(lines: SourceLines, masked: [YAMLPlace: String]) {
        self.lines = lines
        self.masked = masked
    }

    mutating func node(_ node: Node, depth: Int, _ reading: inout Reading) -> YAMLNode? {
        let place = YAMLPlace(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        count += 1
        guard count <= YAMLDocument.nodeLimit, depth <= YAMLDocument.depthLimit else {
            reportLimit(place, &reading)
            return nil
        }
        guard isPlainYAML(node, at: place, &reading) else { return nil }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(
                .scalar(YAMLScalar(text: text(of: scalar, at: place), style: style(scalar))),
                at: place
            )
        case .sequence(let sequence):
            let items = sequence.map { self.node($0, depth: depth + 1, &reading) }
            guard !items.contains(where: { $0 == nil }) else { return nil }
            return YAMLNode(.list(items.compactMap(\.self)), at: place, isFlow: startsWith("[", place))
        case .mapping(let mapping):
            guard let entries = entries(mapping, depth: depth, &reading) else { return nil }
            return YAMLNode(.map(entries), at: place, isFlow: startsWith("{", place))
        case .alias:
            return nil
        }
    }

    private mutating func entries(
        _ mapping: Node.Mapping,
        depth: Int,
        _ reading: inout Reading
    ) -> [YAMLEntry]? {
        var entries: [YAMLEntry] = []
        var first: [String: YAMLNode] = [:]
        var isWhole = true
        for (key, value) in mapping {
            let keyNode = node(key, depth: depth + 1, &reading)
            let valueNode = node(value, depth: depth + 1, &reading)
            guard let keyNode, let valueNode else {
                isWhole = false
                continue
            }
            guard let name = keyNode.scalar?.text else {
                reading.report("key", "a key is text", at: lines.span(of: keyNode))
                isWhole = false
                continue
            }
            if let earlier = first[name] {
                reportDuplicate(name, keyNode, earlier, &reading)
            } else {
                first[name] = keyNode
                entries.append(YAMLEntry(key: keyNode, name: name, value: valueNode))
            }
        }
        return isWhole ? entries : nil
    }

    private func reportDuplicate(
        _ name: String,
        _ key: YAMLNode,
        _ earlier: YAMLNode,
        _ reading: inout Reading
    ) {
        reading.report(
            "duplicate-key",
            "the key \"\(name)\" is given twice",
            at: lines.span(of: key),
            hint: "keep one of the two",
            notes: [
                Diagnostic(
                    .note,
                    code: "definition.place",
                    "it is here first",
                    at: lines.span(of: earlier),
                    exitStatus: .usage
                )
            ]
        )
    }

    /// Says so once for an anchor, however often it is used.
    private mutating func isPlainYAML(_ node: Node, at place: YAMLPlace, _ reading: inout Reading) -> Bool {
        if node.anchor != nil {
            if reported.insert(place).inserted { SourceInspection.reportAnchor(at: place, &reading) }
            return false
        }
        // Yams fills in tags of its own, so what was written is asked. No plain value starts with "!".
        guard startsWith("!", place) else { return true }
        reading.report(
            "tag",
            "tags are not read",
            at: lines.span(place, scalars: lines.wordLength(at: place)),
            hint: "leave the tag out: the key says what its value is"
        )
        return false
    }

    /// Yams takes a collection's style from the wrong event, so brackets are looked for too.
    private func startsWith(_ mark: Unicode.Scalar, _ place: YAMLPlace) -> Bool {
        lines.scalar(at: place) == mark
    }

    private mutating func reportLimit(_ place: YAMLPlace, _ reading: inout Reading) {
        guard reported.isEmpty || count <= YAMLDocument.nodeLimit else { return }
        reported.insert(place)
        let isDeep = count <= YAMLDocument.nodeLimit
        reading.report(
            "too-large",
            isDeep
                ? "more than \(YAMLDocument.depthLimit) levels deep"
                : "more than \(YAMLDocument.nodeLimit) keys and values",
            at: lines.span(place)
        )
    }

    private func text(of scalar: Node.Scalar, at place: YAMLPlace) -> String {
        masked[place] ?? scalar.string
    }

    private func style(_ scalar: Node.Scalar) -> YAMLScalar.Style {
        switch scalar.style {
        case .any, .plain: .plain
        case .singleQuoted, .doubleQuoted: .quoted
        case .literal, .folded: .block
        }
    }
}
