/// Writes shapes as JSON Schema, draft 2020-12.
enum JSONSchemaWriter {
    static func document(_ root: ShapeFacts) -> JSONValue {
        var names: Set<String> = []
        let definitions = ReferenceSection.all.dropFirst().filter { names.insert($0.shape.name).inserted }
        let head: [(String, JSONValue)] = [
            ("$schema", "https://json-schema.org/draft/2020-12/schema"),
            ("title", "Kiln definition"),
        ]
        let defs =
            [(VariableText.schemaName, VariableText.schema)]
            + definitions.map { (key(of: $0.shape), schema(of: $0.shape)) }
        return JSONValue(members: head + members(of: root) + [("$defs", JSONValue(members: defs))])
    }

    static func key(of shape: ShapeFacts) -> String { shape.name.replacing(" ", with: "-") }

    private static func schema(of shape: ShapeFacts) -> JSONValue { JSONValue(members: members(of: shape)) }

    private static func members(of shape: ShapeFacts) -> [(String, JSONValue)] {
        let required = shape.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        var members: [(String, JSONValue)] = [
            ("description", .string(plain(shape.help))),
            ("type", "object"),
            ("additionalProperties", false),
        ]
        if !required.isEmpty { members.append(("required", .array(required))) }
        members += shape.rules.map(rule)
        members.append(("properties", JSONValue(members: shape.fields.map { ($0.name, property($0)) })))
        return members
    }

    private static func rule(_ rule: ShapeRule) -> (String, JSONValue) {
        switch rule {
        case .exactlyOne(let names):
            ("oneOf", .array(names.map { ["required": .array([.string($0)])] }))
        case .excludes(let name, let others):
            (
                "not",
                ["anyOf": .array(others.map { ["required": .array([.string(name), .string($0)])] })]
            )
        case .needs(let name, let other):
            ("dependentRequired", JSONValue(members: [(name, .array([.string(other)]))]))
        case .suits(let name, let other, let prefix):
            (
                "dependentSchemas",
                JSONValue(members: [
                    (
                        name,
                        [
                            "properties": JSONValue(members: [
                                (other, ["pattern": .string("^\(prefix)")])
                            ])
                        ]
                    )
                ])
            )
        }
    }

    private static func property(_ field: FieldFacts) -> JSONValue {
        var members: [(String, JSONValue)] = [("description", .string(plain(field.help)))]
        if let standard = field.standard { members.append(("default", standard)) }
        return field.syntax.valueSchema.adding(members)
    }

    /// Help without Markdown's marks.
    private static func plain(_ help: String) -> String { help.replacing("`", with: "") }
}
