import KilnDiagnostics

/// A rule on which keys of an object go together.
enum ShapeRule: Sendable {
    case exactlyOne([String])
    /// The first is of use with the second only.
    case needs(String, String)
    /// The first leaves nothing for the others to say.
    case excludes(String, [String])
    /// The first is of use only where the value of the second begins so. Judged once the second is known (`DefinitionChecks`).
    case suits(String, String, prefix: String)
}

/// An object as the schema, the reference and the hints know it.
struct ShapeFacts: Sendable {
    /// A singular noun: `image`.
    let name: String
    let help: String
    let fields: [FieldFacts]
    let rules: [ShapeRule]

    func field(_ name: String) -> FieldFacts? { fields.first { $0.name == name } }
}

/// An object of the definition: the keys it has, and what they are read into.
struct Shape<Root: Sendable>: Sendable {
    let facts: ShapeFacts
    private let blank: Root
    private let fields: [Field<Root>]
    /// Takes note of where the object and its keys stand.
    private let locate: @Sendable (Passage, inout Root, Reading) -> Void

    init(
        _ name: String,
        help: String,
        blank: Root,
        rules: [ShapeRule] = [],
        locate: @escaping @Sendable (Passage, inout Root, Reading) -> Void = { _, _, _ in },
        fields: [Field<Root>]
    ) {
        facts = ShapeFacts(name: name, help: help, fields: fields.map { $0.facts(blank) }, rules: rules)
        self.blank = blank
        self.fields = fields
        self.locate = locate
    }

    /// The object, as far as it can be read; nil when it is none.
    func read(_ passage: Passage, _ reading: inout Reading) -> Root? {
        guard !passage.isUnresolved(&reading) else { return nil }
        guard case .map(let entries) = passage.node.content else {
            reading.reportType(passage, expected: expected)
            return nil
        }
        var root = blank
        reportUnknown(entries, in: passage, &reading)
        for (field, facts) in zip(fields, facts.fields) {
            if let entry = entries.first(where: { $0.name == field.name }) {
                field.read(passage.field(entry, example: facts.line), &root, &reading)
            } else if facts.isRequired {
                reading.taint(passage.path + facts.name)
                if !isMisspelt(facts.name, in: entries) { reportMissing(facts, in: passage, &reading) }
            }
        }
        judge(Set(entries.map(\.name)), passage, &reading)
        locate(passage, &root, reading)
        return root
    }

    fileprivate var syntaxFacts: SyntaxFacts {
        SyntaxFacts(
            name: facts.name,
            expected: expected,
            schema: ["$ref": .string("#/$defs/\(facts.name.replacing(" ", with: "-"))")],
            layout: .object(facts)
        )
    }

    var expected: String {
        "a mapping with keys such as \(facts.fields.prefix(3).map(\.name).joined(separator: ", "))"
    }

    private func reportUnknown(_ entries: [YAMLEntry], in passage: Passage, _ reading: inout Reading) {
        let known = facts.fields.map(\.name)
        for entry in entries where !known.contains(entry.name) {
            reading.doubt(passage.path)
            reading.taint(passage.path + entry.name)
            reading.report(
                "unknown-key",
                "unknown key \"\(entry.name)\" in \(passage.title(facts.name))",
                at: reading.lines.span(of: entry.key),
                hint: reading.wantsHints ? KeyHints.hint(for: entry.name, among: known) : nil
            )
        }
    }

    /// Whether an unknown key was probably meant to be this one; then that is told, and nothing is missing.
    private func isMisspelt(_ name: String, in entries: [YAMLEntry]) -> Bool {
        let known = facts.fields.map(\.name)
        return entries.prefix(100).contains { entry in
            !known.contains(entry.name) && Spelling.nearest(to: entry.name, in: known) == name
        }
    }

    private func reportMissing(_ field: FieldFacts, in passage: Passage, _ reading: inout Reading) {
        reading.report(
            "missing-key",
            "\(passage.title(facts.name)) lacks the key \"\(field.name)\"",
            at: reading.lines.span(of: passage.key ?? passage.node),
            hint: "for example: \(field.line)"
        )
    }

    private func judge(_ written: Set<String>, _ passage: Passage, _ reading: inout Reading) {
        for rule in facts.rules {
            switch rule {
            case .exactlyOne(let names):
                let chosen = names.filter(written.contains)
                guard chosen.count != 1 else { continue }
                let choice = names.joined(separator: ", ")
                let examples = names.compactMap { facts.field($0)?.line }.joined(separator: ", or ")
                reading.report(
                    chosen.isEmpty ? "missing-key" : "too-many-keys",
                    chosen.isEmpty
                        ? "one of \(choice) is needed here"
                        : "only one of \(choice) can be here, not \(chosen.joined(separator: " and "))",
                    in: Passage(path: passage.path, node: passage.key ?? passage.node),
                    hint: "for example: \(examples)"
                )
            case .needs(let name, let other):
                guard written.contains(name), !written.contains(other) else { continue }
                reading.report(
                    "useless-key",
                    "\"\(name)\" means nothing without \"\(other)\"",
                    at: reading.keySpan(passage.path + name),
                    hint: "delete it, or add \(facts.field(other)?.line ?? other)"
                )
                reading.taint(passage.path + name)
            case .excludes(let name, let others):
                guard written.contains(name) else { continue }
                for other in others where written.contains(other) {
                    reading.report(
                        "useless-key",
                        "\"\(other)\" means nothing beside \"\(name)\"",
                        at: reading.keySpan(passage.path + other),
                        hint: "delete one of the two"
                    )
                    reading.taint(passage.path + other)
                }
            case .suits: break
            }
        }
    }
}

extension ShapeFacts {
    /// The keys that such an object must have, as one line of YAML; nil when it needs none.
    var example: String? {
        let required = fields.filter(\.isRequired).map(\.line)
        return required.isEmpty ? nil : "{" + required.joined(separator: ", ") + "}"
    }
}

extension Syntax {
    static func object(_ shape: @autoclosure @escaping @Sendable () -> Shape<Value>) -> Syntax {
        .object(shape()) { value, _ in value }
    }

    /// An object that becomes another value once its keys are read. The conversion is not asked when a key failed.
    static func object<Root>(
        _ shape: @autoclosure @escaping @Sendable () -> Shape<Root>,
        as convert: @escaping @Sendable (Root, Passage) -> Value?
    ) -> Syntax {
        Syntax(
            facts: shape().syntaxFacts,
            read: { passage, reading in
                shape().read(passage, &reading).flatMap { convert($0, passage) }
            },
            shown: { _ in nil }
        )
    }
}
