import OrderedCollections

/// An environment as read: the values of its variables, and the fleets that it says something of. What it says of them is
/// read together with the fleets.
struct EnvironmentDraft: Sendable {
    var vars: OrderedDictionary<String, String> = [:]
    var fleets: OrderedDictionary<FleetName, FleetOverride> = [:]
}

/// Stands for keys of a fleet that an environment sets.
struct FleetOverride: Sendable {}

/// The keys of an environment.
enum EnvironmentKeys {
    static let shape = Shape(
        "environment",
        help: """
            What differs where the definition is deployed with `--environment NAME`. Images are the same everywhere: a \
            variable that an environment sets has no place in `images` and `archives`.
            """,
        blank: EnvironmentDraft(),
        fields: [
            .standard(
                "vars",
                \.vars,
                .variables,
                help: "Values of variables, in place of those in the file's own `vars`.",
                example: "{log_level: warn}"
            ),
            .standard(
                "fleets",
                \.fleets,
                .map(
                    .name("fleet"),
                    to: .fleetOverride,
                    example: "shop",
                    named: "fleet names to keys of fleets"
                ),
                help: """
                    Keys of fleets, over what `fleets` says: mappings are merged key by key, lists and values take the \
                    place of what is there.
                    """,
                example: "{shop: {instances: 12}}"
            ),
        ]
    )
}

extension Syntax where Value == OrderedDictionary<String, String> {
    static var variables: Syntax {
        .map(.variableName, to: .variableValue, example: "log_level", named: "variable names to values")
    }
}

extension Syntax where Value == String {
    static var variableName: Syntax {
        .scalar(
            "variable name",
            expected: "a variable name such as log_level",
            schema: pattern(VariableText.namePattern),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard VariableText.isName(text) else {
                    throw ValueError(
                        "bad-var",
                        "\"\(text)\" is no variable name",
                        hint: VariableText.nameRule
                    )
                }
                return text
            }
        )
    }

    static var variableValue: Syntax {
        .scalar(
            "value",
            expected: "text",
            schema: ["type": ["string", "number", "boolean"]],
            shown: { .string($0) },
            parse: Variables.parse
        )
    }
}

extension Syntax where Value == FleetOverride {
    /// Some keys of a fleet, none of them needed.
    static var fleetOverride: Syntax {
        let expected = "a mapping with keys of a fleet, such as instances"
        return Syntax(
            facts: SyntaxFacts(
                name: "keys of a fleet",
                expected: expected,
                schema: [
                    "type": "object", "additionalProperties": false,
                    "properties": JSONValue(
                        members: FleetKeys.shape.facts.fields.map { ($0.name, $0.syntax.valueSchema) }
                    ),
                ],
                layout: .scalar
            ),
            read: { passage, reading in
                guard passage.node.entries != nil else {
                    reading.reportType(passage, expected: expected)
                    return nil
                }
                return FleetOverride()
            },
            shown: { _ in nil }
        )
    }
}
