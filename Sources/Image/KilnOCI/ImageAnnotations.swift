/// The annotations of a manifest that Kiln writes and reads (OCI image spec, annotations.md).
extension ImageManifest {
    package static let versionAnnotation = "org.opencontainers.image.version"
    package static let baseDigestAnnotation = "org.opencontainers.image.base.digest"
    package static let baseNameAnnotation = "org.opencontainers.image.base.name"

    /// Kiln's own: OCI has a word for the nearest image below, and none for those below that.
    package static let ancestorsAnnotation = "dev.kiln.ancestors"
    /// Also Kiln's own: that the last of the ancestors stands on nothing.
    package static let closedAnnotation = "dev.kiln.ancestors.complete"

    package var version: String? { annotations?[Self.versionAnnotation] }

    /// The manifest of the image that this one stands on; nil when it stands on none, or does not say.
    package var baseDigest: Digest? {
        annotations?[Self.baseDigestAnnotation].flatMap { try? Digest(parsing: $0) }
    }

    /// What it says of all that it stands on; nil when it says nothing. It may come from anywhere: what is no list of a few
    /// digests, or does not begin with the image that it stands on (other tools take the annotations of a base over as they
    /// are), says nothing.
    package var ancestry: AncestryRecord? {
        guard let baseDigest else { return nil }
        guard let digests = listedAncestors, digests.first == baseDigest else {
            return AncestryRecord(digests: [baseDigest], isClosed: false)
        }
        return AncestryRecord(digests: digests, isClosed: annotations?[Self.closedAnnotation] == "true")
    }

    private var listedAncestors: [Digest]? {
        guard let text = annotations?[Self.ancestorsAnnotation], text.utf8.count <= 8192 else { return nil }
        let digests = text.split(separator: " ").map { try? Digest(parsing: String($0)) }
        return digests.contains(nil) ? nil : digests.compactMap(\.self)
    }

    /// What can be said of an image that stands on this one, whose digest is `digest`. `index` is the index by which a registry
    /// named this one: whoever revokes that means this one too.
    package func ancestryOfChild(of digest: Digest, namedBy index: Digest? = nil) -> AncestryRecord {
        let below = ancestry ?? .nothing
        let names = [digest] + (index == digest ? [] : [index].compactMap(\.self))
        return AncestryRecord(digests: names + below.digests, isClosed: below.isClosed)
    }

    /// The annotations that say so.
    package static func annotations(_ ancestry: AncestryRecord) -> [String: String] {
        guard !ancestry.digests.isEmpty else { return [:] }
        let words = ancestry.digests.map(\.description).joined(separator: " ")
        return [ancestorsAnnotation: words].merging(ancestry.isClosed ? [closedAnnotation: "true"] : [:]) {
            $1
        }
    }

    /// The name of that image where this one was made.
    package var baseName: String? { annotations?[Self.baseNameAnnotation] }
}
