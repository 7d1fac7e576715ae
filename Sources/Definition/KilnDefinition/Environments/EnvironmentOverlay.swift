/// Lays what an environment says of fleets over what the file says: mappings are merged key by key, lists and scalars
/// take the place of what was there.
enum EnvironmentOverlay {
    static func apply(_ environment: EnvironmentName, to root: YAMLNode) -> YAMLNode {
        guard let entries = root.entries,
            let fleets = root.entry("environments")?.entry(environment.description)?.entry("fleets")?.entries
        else { return root }
        let laid = entries.map { entry in
            guard entry.name == "fleets", let own = entry.value.entries else { return entry }
            let merged = own.map { fleet in
                // What is no mapping is told where the environment is read.
                guard let over = fleets.first(where: { $0.name == fleet.name }), over.value.entries != nil
                else { return fleet }
                return YAMLEntry(key: fleet.key, name: fleet.name, value: merge(fleet.value, over.value))
            }
            return YAMLEntry(
                key: entry.key,
                name: entry.name,
                value: YAMLNode(.map(merged), at: entry.value.place, isFlow: entry.value.isFlow)
            )
        }
        return YAMLNode(.map(laid), at: root.place, isFlow: root.isFlow)
    }

    private static func merge(_ below: YAMLNode, _ above: YAMLNode) -> YAMLNode {
        guard let own = below.entries, let over = above.entries else { return above }
        var merged = own.map { entry in
            guard let other = over.first(where: { $0.name == entry.name }) else { return entry }
            return YAMLEntry(key: other.key, name: other.name, value: merge(entry.value, other.value))
        }
        merged += over.filter { entry in !own.contains { $0.name == entry.name } }
        return YAMLNode(.map(merged), at: below.place, isFlow: below.isFlow)
    }
}
