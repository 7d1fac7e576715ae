/// Points at a blob by type, size in bytes and digest (OCI image spec, descriptor.md).
package struct Descriptor: Sendable, Hashable, Codable {
    package var mediaType: MediaType
    package var digest: Digest
    package var size: Int64
    package var annotations: [String: String]?
    package var platform: ImagePlatform?
    /// What kind of artifact a manifest describes, in an index of referrers.
    package var artifactType: MediaType?

    package init(
        mediaType: MediaType,
        digest: Digest,
        size: Int64,
        annotations: [String: String]? = nil,
        platform: ImagePlatform? = nil,
        artifactType: MediaType? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.platform = platform
        self.artifactType = artifactType
    }
}

extension Descriptor {
    /// Most bytes that a descriptor may speak of, 16 TiB: more than any blob has, and so few that the sizes of all that one
    /// manifest can name add up.
    package static let sizeLimit: Int64 = 1 << 44

    /// Refuses a size that no blob can have: sizes are added up and allocated by, long before the blob itself is seen.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mediaType = try container.decode(MediaType.self, forKey: .mediaType)
        digest = try container.decode(Digest.self, forKey: .digest)
        size = try container.decode(Int64.self, forKey: .size)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
        platform = try container.decodeIfPresent(ImagePlatform.self, forKey: .platform)
        artifactType = try container.decodeIfPresent(MediaType.self, forKey: .artifactType)
        guard (0...Self.sizeLimit).contains(size) else {
            throw DecodingError.dataCorruptedError(
                forKey: .size,
                in: container,
                debugDescription: "\(size) bytes is no size of a blob"
            )
        }
    }
}

extension Sequence<Descriptor> {
    /// Bytes of all of them, or the most that can be told.
    package var totalSize: Int64 {
        reduce(0) { sum, blob in
            let (total, isTooMuch) = sum.addingReportingOverflow(blob.size)
            return isTooMuch ? .max : total
        }
    }
}
