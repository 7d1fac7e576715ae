/// One object of the definition and where it goes, for the reference and for hints.
struct ReferenceSection: Sendable {
    /// The way to the object: `images.NAME.health`; `kiln.yaml` for the file itself.
    let title: String
    let shape: ShapeFacts

    /// Every object, the outer ones first; an object that goes to two places comes up twice.
    static let all = sections("", TopKeys.shape.facts)

    private static func sections(_ path: String, _ shape: ShapeFacts) -> [ReferenceSection] {
        let own = ReferenceSection(title: path.isEmpty ? "kiln.yaml" : path, shape: shape)
        return [own]
            + shape.fields.flatMap { field in
                below(field.syntax, path.isEmpty ? field.name : "\(path).\(field.name)")
            }
    }

    private static func below(_ syntax: SyntaxFacts, _ path: String) -> [ReferenceSection] {
        switch syntax.layout {
        case .scalar: []
        case .object(let shape): sections(path, shape)
        case .list(let item): below(item, path + "[]")
        case .map(_, _, let value): below(value, path + ".NAME")
        }
    }
}
