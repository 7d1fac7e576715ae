package import KilnOCI
import KilnSystem

/// An image and those that it stands on, as far as this store knows them.
package struct Ancestry: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        /// Here, else the one that its child knows it by; nil when there is none.
        package let name: String?
        /// Of the manifest.
        package let digest: Digest
        package let version: String?
        package let created: String?
        /// Whether its manifest is here, which alone tells what it stands on.
        package let isHere: Bool
        package let standing: Standing
        package let revocation: Revocation?

        /// `base (0123456789ab)`, for messages.
        package var shown: String { name.map { "\($0) (\(digest.short))" } ?? digest.description }
    }

    /// How an image stands to its own name.
    package enum Standing: Sendable, Hashable {
        /// The name refers to it.
        case current
        /// The name refers to another one by now.
        case outdated(newer: Digest)
        /// No image here has the name.
        case undetermined
    }

    /// The image itself, then what it stands on, the nearest first.
    package let members: [Member]

    /// The nearest that was revoked: the image itself, or one that it inherits that from.
    package var revoked: Member? { members.first { $0.revocation != nil } }

    /// Whether all that it stands on is known: the last member is here and stands on nothing, or a bake that knew so wrote it
    /// down.
    package let isComplete: Bool
}

extension ImageStore {
    /// Follows what the manifests say of what they stand on.
    package func ancestry(of digest: Digest) throws -> Ancestry {
        try ancestries(of: [digest])[0]
    }

    /// The same for several images, with one look at the names and revocations.
    package func ancestries(of digests: [Digest]) throws -> [Ancestry] {
        let lineage = Lineage(
            store: self,
            names: try list(),
            superseded: try superseded(),
            revocations: try revoked()
        )
        return try digests.map { try lineage.ancestry(of: $0) }
    }
}

extension ImageStore {
    /// nil for what is not here, and for what is no image's manifest, since annotations from elsewhere may name anything: an
    /// index, say. Damage is an error.
    func imageManifest(_ digest: Digest) throws -> ImageManifest? {
        let limit = 4 << 20
        guard try Files.isPresent(blobPath(digest)), Files.facts(blobPath(digest))?.size ?? 0 <= limit else {
            return nil
        }
        let bytes = try read(digest, limit: limit)
        return try? CanonicalJSON.decode(ImageManifest.self, from: bytes)
    }
}

private struct Lineage {
    /// Longer chains are nobody's; a digest cannot stand below itself.
    private static let limit = 64

    let store: ImageStore
    let names: [StoredImage]
    let superseded: [SupersededImage]
    let revocations: [Digest: Revocation]

    func ancestry(of digest: Digest) throws -> Ancestry {
        var members: [Ancestry.Member] = []
        var next: [Digest] = [digest]
        var name: String?
        var isClosed = false
        while let digest = next.first, members.count < Self.limit {
            let manifest = try store.imageManifest(digest)
            members.append(try member(digest, manifest, calledBy: name))
            next.removeFirst()
            name = manifest?.baseName
            // What a child recorded goes on where the manifest is not here, or says less.
            guard let known = manifest?.ancestry, known.digests.count >= next.count else { continue }
            isClosed = known.isClosed || (isClosed && known.digests == next)
            next = known.digests
        }
        // What is here and says nothing more stands on nothing.
        let isWhole = isClosed || (members.last?.isHere ?? false)
        return Ancestry(members: members, isComplete: isWhole && next.isEmpty)
    }

    private func member(
        _ digest: Digest,
        _ manifest: ImageManifest?,
        calledBy childsName: String?
    ) throws -> Ancestry.Member {
        let name =
            names.first { $0.descriptor.digest == digest }?.name
            ?? superseded.first { $0.digest == digest }?.name ?? childsName
        // For people only, and what an annotation names need not be an image.
        let created = manifest.flatMap { try? store.config($0).value.created }
        return Ancestry.Member(
            name: name,
            digest: digest,
            version: manifest?.version,
            created: created,
            isHere: manifest != nil,
            standing: standing(of: digest, name),
            revocation: revocations[digest]
        )
    }

    private func standing(of digest: Digest, _ name: String?) -> Ancestry.Standing {
        guard let holder = names.first(where: { $0.name == name }) else { return .undetermined }
        return holder.descriptor.digest == digest ? .current : .outdated(newer: holder.descriptor.digest)
    }
}
