package import KilnOCI

extension DiskUse {
    /// What names refer to and referred to before, then `others`, which have names of another kind; each image once.
    ///
    /// The name of one platform's image counts to the common name that has it: they go together.
    package static func roots(of store: ImageStore, others: [Digest: String] = [:]) throws -> [Root] {
        let current = try store.list().map { Root(name: $0.name, digest: $0.descriptor.digest) }
        let former = try store.superseded().map { Root(name: $0.name, digest: $0.digest) }
        var parts: [String: Set<Digest>] = [:]
        for root in current + former {
            // What cannot be read is told where it is measured.
            guard let tree = try? store.tree(of: root.digest), !tree.indexes.isEmpty else { continue }
            parts[root.name, default: []].formUnion(tree.manifests.map(\.descriptor.digest))
        }
        var roots: [Root] = []
        var seen: Set<Digest> = []
        func add(_ root: Root, shown name: String) {
            guard store.hasBlob(root.digest), seen.insert(root.digest).inserted else { return }
            roots.append(Root(name: name, digest: root.digest))
        }
        func isPart(_ root: Root) -> Bool {
            guard let at = root.name.firstIndex(of: "@") else { return false }
            return parts[String(root.name[..<at])]?.contains(root.digest) == true
        }
        for root in current where !isPart(root) { add(root, shown: root.name) }
        for root in former where !isPart(root) { add(root, shown: "\(root.name) (superseded)") }
        seen.formUnion(parts.values.joined())
        for (digest, name) in others.sorted(by: { $0.key < $1.key }) {
            add(Root(name: name, digest: digest), shown: name)
        }
        return roots
    }
}
