import KilnDiagnostics

/// Finds what a key that means nothing where it stands was meant to be.
enum KeyHints {
    static func hint(for name: String, among known: [String]) -> String? {
        if Spelling.nearest(to: name, in: known) == nil, let home = homes[name] {
            return "\"\(name)\" is a key of \(home)"
        }
        return Spelling.hint(for: name, in: known)
    }

    /// The objects that have a key, by the key.
    private static let homes: [String: String] = {
        var homes: [String: [String]] = [:]
        for section in ReferenceSection.all {
            for field in section.shape.fields { homes[field.name, default: []].append(section.title) }
        }
        return homes.mapValues { $0.joined(separator: " and of ") }
    }()
}
