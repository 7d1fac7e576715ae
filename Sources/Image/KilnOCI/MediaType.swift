/// What a blob holds (OCI image spec, media-types.md).
package struct MediaType: Sendable, Hashable, Codable, RawRepresentable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let index = MediaType(rawValue: "application/vnd.oci.image.index.v1+json")
    package static let manifest = MediaType(rawValue: "application/vnd.oci.image.manifest.v1+json")
    package static let config = MediaType(rawValue: "application/vnd.oci.image.config.v1+json")
    /// Docker's own name for the same.
    package static let dockerConfig = MediaType(
        rawValue: "application/vnd.docker.container.image.v1+json"
    )
    package static let layerTar = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar")
    package static let layerGzip = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    /// Docker's own names for the same formats (distribution, "Image Manifest Version 2, Schema 2").
    package static let dockerManifest = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.v2+json"
    )
    package static let dockerManifestList = MediaType(
        rawValue: "application/vnd.docker.distribution.manifest.list.v2+json"
    )
    package static let layerZstd = MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    package static let dockerLayer = MediaType(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    package static let dockerLayerGzip = MediaType(
        rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip"
    )
    /// The configuration of an artifact that has none: `{}` (OCI image spec, manifest.md, "Guidance for an Empty Descriptor").
    package static let empty = MediaType(rawValue: "application/vnd.oci.empty.v1+json")
    package static let json = MediaType(rawValue: "application/json")
    /// A `.deb` (IANA's list of media types).
    package static let download = MediaType(rawValue: "application/octet-stream")
    package static let debianPackage = MediaType(rawValue: "application/vnd.debian.binary-package")
    /// The packages, base images and downloads that an image was made of.
    package static let sources = MediaType(rawValue: "application/vnd.kiln.sources.v1")

    /// What a signature says of an image, and the manifest that lists signatures (cosign, SIGNATURE_SPEC.md).
    package static let simpleSigning = MediaType(
        rawValue: "application/vnd.dev.cosign.simplesigning.v1+json"
    )
    package static let signatures = MediaType(
        rawValue: "application/vnd.dev.cosign.artifact.sig.v1+json"
    )
    /// A signed statement (DSSE, envelope.md), and a statement as it is (in-toto attestation, v1).
    package static let envelope = MediaType(rawValue: "application/vnd.dsse.envelope.v1+json")
    package static let statement = MediaType(rawValue: "application/vnd.in-toto+json")
    /// An artifact of statements that nobody signed yet: signed ones have the statements' own type.
    package static let unsignedStatements = MediaType(rawValue: "application/vnd.kiln.statements.v1")

    package var isIndex: Bool { self == .index || self == .dockerManifestList }
    package var isManifest: Bool { self == .manifest || self == .dockerManifest }
    package var isImageConfig: Bool { self == .config || self == .dockerConfig }

    /// OCI's name for a layer that an image manifest of ours may name as it is; nil for what is no layer that we read.
    package var asLayer: MediaType? {
        switch self {
        case .layerTar, .dockerLayer: .layerTar
        case .layerGzip, .dockerLayerGzip: .layerGzip
        case .layerZstd: .layerZstd
        default: nil
        }
    }
}
