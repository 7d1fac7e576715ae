/// A type as a user writes it for a variable: with attributes that may be left out, and what they are then.
package struct HCLTypeConstraint: Sendable, Hashable {
    package let type: HCLType
    /// Of attributes of this very object.
    var defaults: [String: HCLValue] = [:]
    /// Of what is inside; the key is an attribute's name, a position, or empty for all elements of a collection.
    var children: [String: HCLTypeConstraint] = [:]

    package init(_ type: HCLType) {
        self.type = type
    }

    init(_ type: HCLType, defaults: [String: HCLValue], children: [String: HCLTypeConstraint]) {
        self.type = type
        self.defaults = defaults
        self.children = children.filter { !$0.value.isPlain }
    }

    var isPlain: Bool { defaults.isEmpty && children.isEmpty }

    /// The value as this type: defaults where attributes are missing or null, then converted.
    package func applied(to value: HCLValue) throws(ConversionError) -> HCLValue {
        try filled(value).converted(to: type)
    }

    /// What is unknown or null as a whole stays so.
    private func filled(_ value: HCLValue) -> HCLValue {
        guard !isPlain else { return value }
        let result: HCLValue
        switch value.content {
        case .elements(let elements):
            let parts = elements.enumerated().map { index, element in
                (children[String(index)] ?? children[""])?.filled(element) ?? element
            }
            // A list's elements may differ now; the conversion that follows makes them alike.
            if case .set = value.type, let common = HCLType.unified(parts.map(\.type)) {
                result = .set(common, parts)
            } else {
                result = .tuple(parts)
            }
        case .attributes(let attributes):
            var parts = attributes
            for (name, part) in attributes {
                if let child = children[name] ?? children[""] { parts[name] = child.filled(part) }
            }
            for (name, value) in defaults where parts[name]?.isNull ?? true {
                parts[name] = children[name]?.filled(value) ?? value
            }
            result = .object(parts)
        default: return value
        }
        return result.markedSensitive(value.isSensitive)
    }
}
