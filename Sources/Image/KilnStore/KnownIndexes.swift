package import KilnOCI
package import KilnSystem
import SystemPackage

/// Which manifests the indexes name by which images came here. A pull of one platform leaves no index in the store, and whoever
/// revokes that index means the image that came by it.
package struct KnownIndexes: Sendable {
    private struct Content: Codable {
        /// Hex digits of manifests by those of the index.
        var indexes: [String: [Digest]] = [:]
    }

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    package func record(_ index: Digest, _ manifests: [Digest]) async throws {
        try await change { $0[index.hex] = manifests }
    }

    /// What an index names; nil when it is not known. A file that cannot be read is an error: a gate must not open for it.
    package func manifests(of index: Digest) throws -> [Digest]? {
        try read().indexes[index.hex]
    }

    /// Forgets indexes of whose manifests none is here, unless they are to be kept.
    func forget(keeping kept: Set<Digest>, isHere: (Digest) -> Bool) async throws {
        guard try Files.isPresent(path) else { return }
        let kept = Set(kept.map(\.hex))
        try await change { indexes in
            indexes = indexes.filter { kept.contains($0.key) || $0.value.contains(where: isHere) }
        }
    }

    private var path: FilePath { home.root.appending("image-indexes.json") }

    private func read() throws -> Content {
        guard try Files.isPresent(path) else { return Content() }
        do {
            return try CanonicalJSON.decode(Content.self, from: try Files.read(path))
        } catch let error as SystemError {
            throw error
        } catch {
            throw StoreError(.unreadable(path, why: String(describing: error)))
        }
    }

    private func change(_ body: (inout [String: [Digest]]) -> Void) async throws {
        try Files.createDirectory(home.root)
        try await FileLock.with(home.root.appending("image-indexes.lock")) {
            let old = try read()
            var new = old
            body(&new.indexes)
            guard new.indexes != old.indexes else { return }
            try Files.write(try CanonicalJSON.encode(new), to: path, mode: 0o600)
        }
    }
}

extension ImageStore {
    /// All that an index names, as far as it is here or known by a pull; nil for a digest of which nothing is known.
    package func manifests(namedBy digest: Digest) throws -> [Digest]? {
        let known = try KnownIndexes(home: home).manifests(of: digest)
        guard hasBlob(digest) else { return known }
        guard try imageIndex(digest) != nil else { return known ?? [] }
        let tree = try tree(of: digest)
        let found = tree.manifests.map(\.descriptor.digest) + tree.missing.map(\.digest)
        return found + (known ?? []).filter { !found.contains($0) }
    }

    /// The revocations that hold, by the images that they keep out of new releases: that of an index counts for those that it
    /// names, except where it was taken back for one of them.
    package func revoked() throws -> [Digest: Revocation] {
        let all = try Revocations(home: home).all()
        let holding = all.filter { $0.lifted == nil }
        var revoked = Dictionary(holding.map { ($0.digest, $0) }) { $1 }
        for revocation in holding {
            for part in try manifests(namedBy: revocation.digest) ?? [] where revoked[part] == nil {
                let isFreed = all.contains {
                    $0.digest == part && $0.lifted != nil && $0.note == revocation.note
                }
                if !isFreed { revoked[part] = revocation }
            }
        }
        return revoked
    }
}
