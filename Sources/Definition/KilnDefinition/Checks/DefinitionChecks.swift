import KilnDiagnostics
import OrderedCollections

/// The rules that hold between objects: names that must exist, and values that must fit each other.
///
/// A rule is judged only where what it looks at could be read, so that one mistake is told once.
struct DefinitionChecks {
    let definition: Definition

    init(_ definition: Definition) {
        self.definition = definition
    }

    /// Whether this key of the image and of all it stands on was read, or left out, for certain.
    func isSound(_ key: String, inChainOf name: ImageName, _ reading: Reading) -> Bool {
        let chain = definition.chain(of: name)
        guard let root = chain.first, definition.images[root]?.parent == nil else { return false }
        return chain.allSatisfy { image in
            let path: FieldPath = ["images", image.description]
            return reading.isSound(path + "from") && reading.isSound(path + key)
        }
    }

    /// Reports a name that nothing has.
    func reportUnknown(
        _ noun: String,
        _ name: String,
        among known: [String],
        at span: SourceSpan?,
        _ reading: inout Reading
    ) {
        let known =
            reading.wantsHints ? known.prefix(500).filter { (try? ImageName(parsing: $0)) != nil } : []
        reading.report(
            "unknown-\(noun)",
            "there is no \(noun) \"\(name)\"",
            at: span,
            hint: Spelling.hint(for: name, in: known)
                ?? (reading.names(at: ["\(noun)s"]).isEmpty ? "the definition has no \(noun)s yet" : nil)
        )
    }

    /// Reports each value that an earlier one of the list equals, with both places.
    func reportRepeated<Value: Hashable>(
        _ values: [(value: Value, path: FieldPath)],
        _ code: String,
        hint: String? = nil,
        _ reading: inout Reading,
        message: (Value) -> String
    ) {
        var first: [Value: FieldPath] = [:]
        for (value, path) in values {
            guard let earlier = first[value] else {
                first[value] = path
                continue
            }
            reading.report(
                code,
                message(value),
                at: reading.span(path),
                hint: hint,
                notes: reading.note("it is here first", at: earlier)
            )
        }
    }
}
