import KilnDiagnostics
import OrderedCollections

/// Why a text is not the value it should be.
package struct ValueError: Error, Hashable {
    /// A stable word, such as `bad-duration`.
    package let code: String
    package let message: String
    /// nil leaves it to the field's example.
    package let hint: String?

    package init(_ code: String, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

/// What a kind of value is called and looks like, apart from the type it is read into.
struct SyntaxFacts: Sendable {
    indirect enum Layout: Sendable {
        case scalar
        case object(ShapeFacts)
        case list(SyntaxFacts)
        /// Keys that the user chooses; `example` stands for one.
        case map(key: SyntaxFacts, example: String, value: SyntaxFacts)
    }

    /// A noun without article: `duration`, `list of package names`.
    let name: String
    /// With article and an example, to follow "expected": `a duration such as 10s`.
    let expected: String
    let schema: JSONValue
    let layout: Layout
}

/// How values of a type are written: what a text must look like, what its schema is, how a value is shown again.
struct Syntax<Value: Sendable>: Sendable {
    private let makeFacts: @Sendable () -> SyntaxFacts
    /// nil after having reported what is wrong.
    let read: @Sendable (Passage, inout Reading) -> Value?
    /// The value as the file would hold it; nil when it has no short form.
    let shown: @Sendable (Value) -> JSONValue?

    /// The facts are made when they are asked for: a file that has no fleets makes none of a fleet's.
    init(
        facts: @autoclosure @escaping @Sendable () -> SyntaxFacts,
        read: @escaping @Sendable (Passage, inout Reading) -> Value?,
        shown: @escaping @Sendable (Value) -> JSONValue?
    ) {
        makeFacts = facts
        self.read = read
        self.shown = shown
    }

    var facts: SyntaxFacts { makeFacts() }
}

extension Syntax {
    /// A scalar. `isQuoted` demands or forbids quotes; nil takes both.
    static func scalar(
        _ name: String,
        expected: String,
        schema: JSONValue,
        isQuoted: Bool? = nil,
        shown: @escaping @Sendable (Value) -> JSONValue?,
        parse: @escaping @Sendable (String) throws(ValueError) -> Value
    ) -> Syntax {
        Syntax(
            facts: SyntaxFacts(name: name, expected: expected, schema: schema, layout: .scalar),
            read: { passage, reading in
                guard !passage.isUnresolved(&reading) else { return nil }
                guard let scalar = passage.node.scalar, !scalar.isNothing else {
                    reading.reportType(passage, expected: expected)
                    return nil
                }
                do throws(ValueError) {
                    let value = try parse(scalar.text)
                    guard let isQuoted, isQuoted == (scalar.style == .plain), scalar.written == nil else {
                        return value
                    }
                    reading.reportQuotes(passage, scalar, needed: isQuoted)
                    return nil
                } catch {
                    let hint = error.hint ?? passage.example.map { "for example: \($0)" }
                    reading.report(error.code, error.message, in: passage, hint: hint)
                    return nil
                }
            },
            shown: shown
        )
    }

    static func list<Item>(
        of item: Syntax<Item>,
        named plural: String,
        atLeast minimum: Int = 0,
        isUnique: Bool = false
    ) -> Syntax where Value == [Item] {
        Syntax(
            facts: SyntaxFacts(
                name: "list of \(plural)",
                expected: "a list of \(plural)",
                schema: listSchema(item.facts, atLeast: minimum, isUnique: isUnique),
                layout: .list(item.facts)
            ),
            read: { passage, reading in
                guard !passage.isUnresolved(&reading) else { return nil }
                guard case .list(let nodes) = passage.node.content else {
                    reading.reportType(passage, expected: "a list of \(plural)")
                    return nil
                }
                guard nodes.count >= minimum else {
                    reading.reportEmpty(passage, "the list of \(plural) is empty")
                    return nil
                }
                if isUnique { reading.reportRepeated(nodes, in: passage) }
                let items = nodes.enumerated().map { index, node in
                    let member = passage.item(index, node)
                    reading.remember(member)
                    return item.read(member, &reading)
                }
                let read = items.compactMap(\.self)
                return read.count == items.count ? read : nil
            },
            shown: { items in
                let shown = items.compactMap(item.shown)
                return shown.count == items.count ? .array(shown) : nil
            }
        )
    }

    private static func listSchema(_ item: SyntaxFacts, atLeast minimum: Int, isUnique: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [("type", "array"), ("items", item.valueSchema)]
        if minimum > 0 { members.append(("minItems", .integer(Int64(minimum)))) }
        if isUnique { members.append(("uniqueItems", true)) }
        return JSONValue(members: members)
    }

    /// A mapping from names that the user chooses. What can be read of it is read, so that the names stay known.
    static func map<Key: Hashable, Member>(
        _ key: Syntax<Key>,
        to value: Syntax<Member>,
        example: String,
        named name: String
    ) -> Syntax where Value == OrderedDictionary<Key, Member> {
        Syntax(
            facts: SyntaxFacts(
                name: name,
                expected: "a mapping: \(name)",
                schema: [
                    "type": "object", "propertyNames": key.facts.schema,
                    "additionalProperties": value.facts.valueSchema,
                ],
                layout: .map(key: key.facts, example: example, value: value.facts)
            ),
            read: { passage, reading in
                guard !passage.isUnresolved(&reading) else { return nil }
                guard case .map(let entries) = passage.node.content else {
                    reading.reportType(passage, expected: "a mapping: \(name)")
                    return nil
                }
                reading.remember(names: entries.map(\.name), at: passage.path)
                var members: OrderedDictionary<Key, Member> = [:]
                for entry in entries {
                    let member = passage.member(entry, example: Self.example(of: value.facts))
                    reading.remember(member)
                    let name = key.read(Passage(path: member.path, node: entry.key), &reading)
                    let read = value.read(member, &reading)
                    if let name, let read { members[name] = read }
                }
                return members
            },
            shown: { $0.isEmpty ? .object([]) : nil }
        )
    }

    private static func example(of facts: SyntaxFacts) -> String? {
        if case .object(let shape) = facts.layout { shape.example } else { nil }
    }
}
