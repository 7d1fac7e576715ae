/// The annotations of a manifest that Kiln writes and reads (OCI image spec, annotations.md).
extension ImageManifest {
    package static let versionAnnotation = "org.opencontainers.image.version"
    package static let baseDigestAnnotation = "org.opencontainers.image.base.digest"
    package static let baseNameAnnotation = "org.opencontainers.image.base.name"

    /// Kiln's own: OCI has a word for the nearest image below, and none for those below that.
    package static let ancestorsAnnotation = "dev.kiln.ancestors"

    package var version: String? { annotations?[Self.versionAnnotation] }

    /// The manifest of the image that this one stands on; nil when it stands on none, or does not say.
    package var baseDigest: Digest? {
        annotations?[Self.baseDigestAnnotation].flatMap { try? Digest(parsing: $0) }
    }

    /// All images that this one stands on, the nearest first, as its bake knew them; nil when it does not say. It may come
    /// from anywhere: what is no list of a few digests says nothing.
    package var ancestors: [Digest]? {
        guard let text = annotations?[Self.ancestorsAnnotation], text.utf8.count <= 8192 else { return nil }
        let digests = text.split(separator: " ").map { try? Digest(parsing: String($0)) }
        return digests.isEmpty || digests.contains(nil) ? nil : digests.compactMap(\.self)
    }

    /// What can be said of an image that stands on this one: this one's digest, and what is known to be below it.
    package func ancestry(of digest: Digest) -> [Digest] {
        [digest] + (ancestors ?? baseDigest.map { [$0] } ?? [])
    }

    /// The name of that image where this one was made.
    package var baseName: String? { annotations?[Self.baseNameAnnotation] }
}
