import KilnDiagnostics

/// Puts the values of variables into a definition, before anything else reads it.
struct Interpolation {
    /// Most bytes that values put into one file in all.
    private static let byteLimit = 16 << 20
    /// What is read as it stands: the format's version, and what the variables themselves are read from.
    private static let fixed = ["kiln", "vars", "environments"]

    private let variables: Variables
    private let environment: EnvironmentName?
    /// Which a misspelt one is compared with.
    private let known: [String]
    private var bytes = 0

    init(_ variables: Variables, for environment: EnvironmentName?) {
        self.variables = variables
        self.environment = environment
        known = Array(variables.names.sorted().prefix(500))
    }

    /// The whole definition with its variables put in.
    mutating func apply(to root: YAMLNode, _ reading: inout Reading) -> YAMLNode {
        guard case .map(let entries) = root.content else { return root }
        let applied = entries.map { entry in
            guard !Self.fixed.contains(entry.name) else { return entry }
            // Images are the same in every environment; fleets are what differs.
            let mayDiffer = entry.name == "fleets"
            let value = apply(to: entry.value, mayDiffer: mayDiffer, &reading)
            return YAMLEntry(key: entry.key, name: entry.name, value: value)
        }
        return YAMLNode(.map(applied), at: root.place, isFlow: root.isFlow)
    }

    private mutating func apply(to node: YAMLNode, mayDiffer: Bool, _ reading: inout Reading) -> YAMLNode {
        let content: YAMLNode.Content
        switch node.content {
        case .scalar(let scalar):
            guard let text = VariableText(scalar.text) else { return node }
            content = .scalar(resolve(text, scalar, in: node, mayDiffer: mayDiffer, &reading))
        case .list(let items):
            content = .list(items.map { apply(to: $0, mayDiffer: mayDiffer, &reading) })
        case .map(let entries):
            content = .map(
                entries.map { entry in
                    let value = apply(to: entry.value, mayDiffer: mayDiffer, &reading)
                    return YAMLEntry(key: entry.key, name: entry.name, value: value)
                }
            )
        }
        return YAMLNode(content, at: node.place, isFlow: node.isFlow)
    }

    private mutating func resolve(
        _ text: VariableText,
        _ scalar: YAMLScalar,
        in node: YAMLNode,
        mayDiffer: Bool,
        _ reading: inout Reading
    ) -> YAMLScalar {
        var resolved: String? = ""
        var places = PartPlaces(of: node, in: reading.lines)
        for part in text.parts {
            switch part {
            case .text(let plain): resolved?.append(plain)
            case .malformed(let written):
                reportMalformed(written, &places, &reading)
                resolved = nil
            case .reference(let name):
                let value = value(of: name, &places, mayDiffer: mayDiffer, &reading)
                bytes += value?.utf8.count ?? 0
                if let value { resolved?.append(value) } else { resolved = nil }
            }
        }
        guard bytes <= Self.byteLimit else {
            reading.report(
                "too-large",
                "the variables' values add up to more than \(Self.byteLimit >> 20) MiB",
                at: reading.lines.span(of: node)
            )
            return scalar.unresolved
        }
        return resolved.map(scalar.resolved) ?? scalar.unresolved
    }

    /// nil when there is none, which is told here, or told already where the variable is given.
    private func value(
        of name: String,
        _ places: inout PartPlaces,
        mayDiffer: Bool,
        _ reading: inout Reading
    ) -> String? {
        guard variables.names.contains(name) else {
            reportUnknown(name, &places, &reading)
            return nil
        }
        if !mayDiffer, let override = variables.overrides[name] {
            reading.report(
                "environment-var",
                "\"\(name)\" differs between environments, and images are the same in all of them",
                at: reading.isFull ? nil : places.span(of: "${\(name)}"),
                hint: "give it to a fleet's config instead, or use a variable that no environment sets",
                notes: [
                    Diagnostic(
                        .note,
                        code: "definition.place",
                        "the environment \"\(override.environment)\" sets it here",
                        at: reading.lines.span(of: override.key),
                        exitStatus: .usage
                    )
                ]
            )
            return nil
        }
        return variables.value(of: name, in: environment)
    }

    private func reportUnknown(_ name: String, _ places: inout PartPlaces, _ reading: inout Reading) {
        let literal = "for the text itself, write $${\(name)}"
        let nearest = reading.wantsHints ? Spelling.nearest(to: name, in: known) : nil
        reading.report(
            "unknown-var",
            "there is no variable \"\(name)\"",
            at: reading.isFull ? nil : places.span(of: "${\(name)}"),
            hint: nearest.map { "did you mean ${\($0)}?" } ?? "add it to vars; \(literal)"
        )
    }

    private func reportMalformed(
        _ written: String,
        _ places: inout PartPlaces,
        _ reading: inout Reading
    ) {
        reading.report(
            "bad-reference",
            "\"\(ShownText.line(written))\" names no variable",
            at: reading.isFull ? nil : places.span(of: written),
            hint: "a variable is written ${name}; for the text itself, write $\(ShownText.line(written))"
        )
    }
}
