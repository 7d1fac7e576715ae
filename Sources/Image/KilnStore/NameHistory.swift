package import KilnOCI
import KilnSystem
import SystemPackage

/// An image that a name referred to before it moved on.
package struct SupersededImage: Sendable, Hashable, Codable {
    package let name: String
    /// Of the manifest.
    package let digest: Digest
    /// When the name moved on: seconds since 1970.
    package let superseded: Int64
}

extension ImageStore {
    /// What names referred to before, the latest first. What a name refers to now is not among them.
    package func superseded() throws -> [SupersededImage] {
        let current = try list()
        return try NameHistory(home: home).read().filter { entry in
            !current.contains { $0.name == entry.name && $0.descriptor.digest == entry.digest }
        }
    }

    /// Forgets those, and what was said of images, whose manifest a collection took away.
    func forgetMissing() async throws {
        try Files.createDirectory(home.root)
        try await FileLock.with(indexLock) {
            try NameHistory(home: home).forget { !hasBlob($0.digest) }
            try change { manifests in
                manifests.removeAll { Self.name(of: $0).isEmpty && !hasBlob($0.digest) }
            }
        }
        // Of one that was revoked something may come here again.
        let revoked = Set(try Revocations(home: home).holding().keys)
        try await KnownIndexes(home: home).forget(keeping: revoked, isHere: hasBlob)
    }
}

/// What the names of images referred to before: a file beside the layout, which has no place for it.
///
/// Callers that write hold the lock of the layout's index.
struct NameHistory {
    private struct Content: Codable {
        var superseded: [SupersededImage]
    }

    private let path: FilePath

    init(home: KilnHome) {
        path = home.root.appending("image-history.json")
    }

    /// The latest first; each image of a name once.
    func read() throws -> [SupersededImage] {
        guard try Files.isPresent(path) else { return [] }
        do {
            return try CanonicalJSON.decode(Content.self, from: try Files.read(path)).superseded
        } catch let error as SystemError {
            throw error
        } catch {
            throw StoreError(.unreadable(path, why: String(describing: error)))
        }
    }

    func remember(_ name: String, _ digest: Digest, supersededBy new: Digest, at time: Int64) throws {
        try change { entries in
            entries.removeAll { $0.name == name && [digest, new].contains($0.digest) }
            entries.insert(SupersededImage(name: name, digest: digest, superseded: time), at: 0)
        }
    }

    func forget(_ names: Set<String>) throws {
        try change { $0.removeAll { names.contains($0.name) } }
    }

    func forget(where isGone: (SupersededImage) throws -> Bool) throws {
        try change { try $0.removeAll(where: isGone) }
    }

    private func change(_ body: (inout [SupersededImage]) throws -> Void) throws {
        let old = try read()
        var new = old
        try body(&new)
        if new != old {
            try Files.write(try CanonicalJSON.encode(Content(superseded: new)), to: path, mode: 0o600)
        }
    }
}
