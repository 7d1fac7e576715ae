/// Where a node starts, as the YAML parser counts: line and column from 1, columns in Unicode scalars.
struct YAMLPlace: Sendable, Hashable {
    let line: Int
    let column: Int
}

/// A YAML value with its place; what is left of a document once anchors, tags and duplicate keys are refused.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        case scalar(YAMLScalar)
        case list([YAMLNode])
        case map([YAMLEntry])
    }

    let content: Content
    let place: YAMLPlace
    /// Written in brackets or braces.
    let isFlow: Bool

    init(_ content: Content, at place: YAMLPlace, isFlow: Bool = false) {
        self.content = content
        self.place = place
        self.isFlow = isFlow
    }

    var scalar: YAMLScalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var isNothing: Bool { scalar?.isNothing ?? false }

    /// What it is, for "found …".
    var kind: String {
        switch content {
        case .list: "a list"
        case .map: "a mapping"
        case .scalar(let scalar): scalar.isNothing ? "nothing" : scalar.kind
        }
    }
}

struct YAMLEntry: Sendable {
    let key: YAMLNode
    /// The key's text.
    let name: String
    let value: YAMLNode
}

/// A scalar as written: what it means is decided by the field that reads it, never by YAML's own rules, under which
/// `1.10` is 1.1 and `no` is false.
struct YAMLScalar: Sendable {
    enum Style: Sendable {
        case plain
        case quoted
        /// After `|` or `>`.
        case block
    }

    let text: String
    let style: Style
    /// What stands in the file, where variables were put in; nil where the text does.
    var written: String?
    /// Whether it names a variable that there is not: told where the variable is looked up, and read by nobody.
    var isUnresolved = false

    init(text: String, style: Style) {
        self.text = text
        self.style = style
    }

    /// With variables put in.
    func resolved(to text: String) -> YAMLScalar {
        var scalar = YAMLScalar(text: text, style: style)
        scalar.written = written ?? self.text
        return scalar
    }

    var unresolved: YAMLScalar {
        var scalar = self
        scalar.isUnresolved = true
        return scalar
    }

    var isNothing: Bool {
        style == .plain && written == nil && ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// How YAML itself would see it, which is what its writer probably had in mind.
    var kind: String {
        guard style == .plain else { return "text" }
        if ["true", "false"].contains(text) { return "true or false" }
        return Double(text) == nil ? "text" : "a number"
    }
}
