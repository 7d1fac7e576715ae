/// A value as it stands in the file.
struct Passage: Sendable {
    let path: FieldPath
    let node: YAMLNode
    /// The key that it is the value of; nil for list items and the file as a whole.
    let key: YAMLNode?
    /// How such a value is written, key and all, for hints.
    let example: String?
    /// Whether the key is a name that the user chose.
    let isNamed: Bool

    init(path: FieldPath, node: YAMLNode, key: YAMLNode? = nil, example: String? = nil, isNamed: Bool = false)
    {
        self.isNamed = isNamed
        self.path = path
        self.node = node
        self.key = key
        self.example = example
    }

    func item(_ index: Int, _ node: YAMLNode) -> Passage {
        Passage(path: path + index, node: node, example: example)
    }

    func field(_ entry: YAMLEntry, example: String) -> Passage {
        Passage(path: path + entry.name, node: entry.value, key: entry.key, example: example)
    }

    func member(_ entry: YAMLEntry, example: String?) -> Passage {
        Passage(
            path: path + entry.name,
            node: entry.value,
            key: entry.key,
            example: example.map { "\(entry.name): \($0)" } ?? self.example,
            isNamed: true
        )
    }

    /// Whether the value names a variable that there is not, which is told already: nothing depends on it then.
    func isUnresolved(_ reading: inout Reading) -> Bool {
        guard node.scalar?.isUnresolved == true else { return false }
        reading.taint(path)
        return true
    }

    /// What an error calls an object: `image "shop"`, `"health"`, `a file`.
    func title(_ shape: String) -> String {
        if path.steps.isEmpty { return "the \(shape)" }
        guard key != nil else { return shape.withArticle }
        return isNamed ? "\(shape) \"\(path.name)\"" : "\"\(path.name)\""
    }

    /// What an error about the value underlines: the value where it stands beside its key, else the key.
    var subject: YAMLNode {
        guard let key else { return node }
        if node.isNothing { return key }
        return node.scalar != nil || node.isFlow ? node : key
    }
}
