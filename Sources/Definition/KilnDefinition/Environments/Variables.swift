/// The variables of a file and what environments make of them, out of its nodes. What is wrong with them is told by the
/// keys that read them; here it is passed over.
struct Variables {
    struct Override {
        let environment: String
        let key: YAMLNode
    }

    /// Those of `vars`, whatever is wrong with their values.
    private(set) var names: Set<String> = []
    /// By name, the first environment that sets it.
    private(set) var overrides: [String: Override] = [:]
    private var values: [String: String] = [:]
    private var byEnvironment: [String: [String: String]] = [:]

    init(of root: YAMLNode) {
        guard let own = root.entry("vars")?.entries else { return }
        names = Set(own.map(\.name))
        values = Self.values(own)
        for environment in root.entry("environments")?.entries ?? [] {
            let set = environment.value.entry("vars")?.entries ?? []
            byEnvironment[environment.name] = Self.values(set)
            for entry in set where overrides[entry.name] == nil {
                overrides[entry.name] = Override(environment: environment.name, key: entry.key)
            }
        }
    }

    /// nil for one that was given no proper value.
    func value(of name: String, in environment: EnvironmentName?) -> String? {
        environment.flatMap { byEnvironment[$0.description]?[name] } ?? values[name]
    }

    private static func values(_ entries: [YAMLEntry]) -> [String: String] {
        var values: [String: String] = [:]
        for entry in entries {
            guard let scalar = entry.value.scalar, !scalar.isNothing else { continue }
            values[entry.name] = try? parse(scalar.text)
        }
        return values
    }

    /// A variable's value: text, with `$${` for `${`.
    static func parse(_ text: String) throws(ValueError) -> String {
        guard text.utf8.count <= 4096 else {
            throw ValueError("bad-var", "a variable's value has more than 4096 bytes")
        }
        guard !text.unicodeScalars.contains("\0") else {
            throw ValueError("bad-var", "a variable's value cannot hold a NUL character")
        }
        guard let parts = VariableText(text)?.parts else { return text }
        return try parts.map { part throws(ValueError) in
            guard case .text(let plain) = part else {
                throw ValueError(
                    "bad-var",
                    "a variable's value names no other variable",
                    hint: "write the value itself; $${ stands for ${"
                )
            }
            return plain
        }.joined()
    }
}

extension YAMLNode {
    /// Of a mapping; nil for anything else.
    var entries: [YAMLEntry]? {
        if case .map(let entries) = content { entries } else { nil }
    }

    /// The value of a mapping's key.
    func entry(_ name: String) -> YAMLNode? {
        entries?.first { $0.name == name }?.value
    }
}
