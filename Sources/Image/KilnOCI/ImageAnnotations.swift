/// The annotations of a manifest that Kiln writes and reads (OCI image spec, annotations.md).
extension ImageManifest {
    package static let versionAnnotation = "org.opencontainers.image.version"
    package static let baseDigestAnnotation = "org.opencontainers.image.base.digest"
    package static let baseNameAnnotation = "org.opencontainers.image.base.name"

    package var version: String? { annotations?[Self.versionAnnotation] }

    /// The manifest of the image that this one stands on; nil when it stands on none, or does not say.
    package var baseDigest: Digest? {
        annotations?[Self.baseDigestAnnotation].flatMap { try? Digest(parsing: $0) }
    }

    /// The name of that image where this one was made.
    package var baseName: String? { annotations?[Self.baseNameAnnotation] }
}
