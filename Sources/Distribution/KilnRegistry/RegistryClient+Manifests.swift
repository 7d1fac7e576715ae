package import KilnOCI

/// A manifest or an index as a registry has it, with the bytes that its digest is of.
package struct RegistryManifest: Sendable, Hashable {
    package let descriptor: Descriptor
    package let bytes: [UInt8]

    package init(descriptor: Descriptor, bytes: [UInt8]) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    package init(_ bytes: [UInt8], mediaType: MediaType) {
        self.bytes = bytes
        descriptor = Descriptor(mediaType: mediaType, digest: Digest(of: bytes), size: Int64(bytes.count))
    }
}

extension RegistryClient {
    /// Most bytes of a manifest: what registries are asked to take (distribution-spec, "Pushing Manifests").
    package static let manifestLimit: Int64 = 4 << 20

    private static let accepted = [
        MediaType.manifest, .index, .dockerManifest, .dockerManifestList,
    ].map(\.rawValue).joined(separator: ", ")

    /// Fetches a manifest or an index, and checks it against its digest where the reference has one.
    package func manifest(_ reference: ImageReference) async throws -> RegistryManifest {
        let request = HTTPRequest(
            .get,
            url(reference.repository, "manifests/\(reference.selector)"),
            headers: ["Accept": Self.accepted],
            destination: .memory(limit: Self.manifestLimit)
        )
        let response = try await exchange(request, with: reference.repository, .pull)
        guard response.isSuccess else {
            throw refusal("read \(reference)", response, reference.repository)
        }
        let digest = Digest(of: response.body)
        if let expected = reference.digest, expected != digest {
            throw RegistryError(
                .content,
                "\(reference.repository.registry) sent another manifest than \(expected)",
                causes: ["what came has the digest \(digest)"]
            )
        }
        let named = response.headers["content-type"]?.split(separator: ";").first.map(String.init)
        return RegistryManifest(
            descriptor: Descriptor(
                mediaType: MediaType(rawValue: named ?? MediaType.manifest.rawValue),
                digest: digest,
                size: Int64(response.body.count)
            ),
            bytes: response.body
        )
    }

    /// Puts a manifest or an index under its digest, and under the tag when there is one. What it refers to must be there.
    ///
    /// True when the registry says that it will list the manifest as a referrer of its subject ("Pushing Manifests with
    /// Subject").
    @discardableResult
    package func push(_ manifest: RegistryManifest, to reference: ImageReference) async throws -> Bool {
        let selector = reference.tag ?? manifest.descriptor.digest.description
        let request = HTTPRequest(
            .put,
            url(reference.repository, "manifests/\(selector)"),
            headers: ["Content-Type": manifest.descriptor.mediaType.rawValue],
            body: .bytes(manifest.bytes)
        )
        let response = try await exchange(request, with: reference.repository, .push)
        guard response.isSuccess else {
            throw refusal("write \(reference)", response, reference.repository)
        }
        return response.headers["oci-subject"] != nil
    }
}
