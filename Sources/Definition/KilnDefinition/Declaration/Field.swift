import KilnDiagnostics

/// A key as the schema, the reference and the hints know it.
struct FieldFacts: Sendable {
    let name: String
    fileprivate let makeSyntax: @Sendable () -> SyntaxFacts
    let isRequired: Bool
    /// What it is when left out; nil when that is nothing.
    let standard: JSONValue?
    /// Sentences for the reference.
    let help: String
    /// A value as one line of YAML.
    let example: String

    var syntax: SyntaxFacts { makeSyntax() }

    /// Key and value as one line of YAML.
    var line: String { "\(name): \(example)" }
}

/// One key of an object, declared once: its name, how it is read and into what, and how it is explained.
///
/// The default of a key is what the object's blank value holds for it.
struct Field<Root: Sendable>: Sendable {
    let name: String
    let facts: @Sendable (_ blank: Root) -> FieldFacts
    let read: @Sendable (Passage, inout Root, inout Reading) -> Void

    private init<Value>(
        _ name: String,
        _ syntax: Syntax<Value>,
        isRequired: Bool,
        help: String,
        example: String,
        standard: @escaping @Sendable (Root) -> Value?,
        store: @escaping @Sendable (Value, inout Root) -> Void
    ) {
        self.name = name
        facts = { blank in
            FieldFacts(
                name: name,
                makeSyntax: { syntax.facts },
                isRequired: isRequired,
                standard: isRequired ? nil : standard(blank).flatMap(syntax.shown),
                help: help,
                example: example
            )
        }
        read = { passage, root, reading in
            reading.remember(passage)
            guard let value = syntax.read(passage, &reading) else {
                reading.taint(passage.path)
                return
            }
            store(value, &root)
        }
    }

    static func required<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ syntax: Syntax<Value>,
        help: String,
        example: String
    ) -> Field {
        Field(name, syntax, isRequired: true, help: help, example: example) { _ in
            nil
        } store: { value, root in
            root[keyPath: path] = value
        }
    }

    /// A key that may be left out; its default is the blank value's.
    static func standard<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ syntax: Syntax<Value>,
        help: String,
        example: String
    ) -> Field {
        Field(name, syntax, isRequired: false, help: help, example: example) { blank in
            blank[keyPath: path]
        } store: { value, root in
            root[keyPath: path] = value
        }
    }

    /// A key that may be left out and then is nothing.
    static func optional<Value>(
        _ name: String,
        _ path: any WritableKeyPath<Root, Value?> & Sendable,
        _ syntax: Syntax<Value>,
        help: String,
        example: String
    ) -> Field {
        Field(name, syntax, isRequired: false, help: help, example: example) { _ in
            nil
        } store: { value, root in
            root[keyPath: path] = value
        }
    }

    /// A key with a single value that says what the reader already knows; `standard` is that value, unless it must be
    /// written.
    static func fixed(
        _ name: String,
        _ syntax: Syntax<String>,
        standard: String? = nil,
        help: String,
        example: String
    ) -> Field {
        Field(name, syntax, isRequired: standard == nil, help: help, example: example) { _ in
            standard
        } store: { _, _ in
        }
    }
}
