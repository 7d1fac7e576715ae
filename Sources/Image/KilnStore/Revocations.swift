package import KilnOCI
package import KilnSystem
package import SystemPackage

/// That an image must not become a new release, nor anything that stands on it.
package struct Revocation: Sendable, Hashable, Codable {
    package struct Note: Sendable, Hashable, Codable {
        package let reason: String
        /// Who said so.
        package let by: String
        /// Seconds since 1970.
        package let time: Int64

        package init(reason: String, by: String, time: Int64) {
            self.reason = reason
            self.by = by
            self.time = time
        }
    }

    /// Of the image's manifest.
    package let digest: Digest
    /// A name that it had, for people.
    package let name: String?
    package let note: Note
    /// Why it was taken back; nil while it holds.
    package var lifted: Note?

    /// Why, by whom and when, for messages.
    package var shown: String { "\(note.reason) (\(note.by), \(WallClock.format(note.time)))" }
}

/// Which images were revoked, and which of that was taken back: one file in the home, to which entries are only added.
package struct Revocations: Sendable {
    private struct Content: Codable {
        var revocations: [Revocation]
    }

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// All that there ever were, the oldest first. A file that cannot be read is an error: a gate must not open for it.
    package func all() throws -> [Revocation] { try Self.read(path) }

    /// Adds those of another such file, a backup's: what was revoked in either is revoked, and taken back where either says so.
    package func adopt(from file: FilePath) async throws {
        let others = try Self.read(file)
        try await change { revocations in
            for other in others {
                let isSame = { (known: Revocation) in known.digest == other.digest && known.note == other.note
                }
                if let index = revocations.firstIndex(where: isSame) {
                    revocations[index].lifted = revocations[index].lifted ?? other.lifted
                } else {
                    let later = revocations.firstIndex { $0.note.time > other.note.time }
                    revocations.insert(other, at: later ?? revocations.endIndex)
                }
            }
        }
    }

    private static func read(_ path: FilePath) throws -> [Revocation] {
        guard try Files.isPresent(path) else { return [] }
        do {
            return try CanonicalJSON.decode(Content.self, from: try Files.read(path)).revocations
        } catch let error as SystemError {
            throw error
        } catch {
            throw StoreError(.unreadable(path, why: String(describing: error)))
        }
    }

    /// Those that hold, by image.
    package func holding() throws -> [Digest: Revocation] {
        let holding = try all().filter { $0.lifted == nil }
        return Dictionary(holding.map { ($0.digest, $0) }) { $1 }
    }

    /// Gives what holds now; one that held already stays as it was.
    package func revoke(_ digest: Digest, name: String?, _ note: Revocation.Note) async throws -> Revocation {
        try await change { revocations in
            if let known = revocations.last(where: { $0.digest == digest && $0.lifted == nil }) {
                return known
            }
            let revocation = Revocation(digest: digest, name: name, note: note)
            revocations.append(revocation)
            return revocation
        }
    }

    /// Takes a revocation back; nil when none holds.
    package func lift(_ digest: Digest, _ note: Revocation.Note) async throws -> Revocation? {
        try await change { revocations in
            let isHolding = { (known: Revocation) in known.digest == digest && known.lifted == nil }
            guard let index = revocations.lastIndex(where: isHolding) else { return nil }
            revocations[index].lifted = note
            return revocations[index]
        }
    }

    private var path: FilePath { home.root.appending("revocations.json") }

    private func change<Result>(_ body: (inout [Revocation]) -> Result) async throws -> Result {
        try Files.createDirectory(home.root)
        return try await FileLock.with(home.root.appending("revocations.lock")) {
            let old = try all()
            var new = old
            let result = body(&new)
            if new != old {
                let bytes = try CanonicalJSON.encode(Content(revocations: new))
                try Files.write(bytes, to: path, mode: 0o600)
            }
            return result
        }
    }
}
