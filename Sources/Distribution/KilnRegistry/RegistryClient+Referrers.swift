package import KilnOCI

/// What says something about an image without being part of it: sources, signatures, bills of materials.
extension RegistryClient {
    /// Puts an artifact into a repository and makes it findable from its subject, on registries without a list of
    /// referrers too ("Referrers Tag Schema"). Its blobs must be there.
    package func push(_ artifact: ArtifactManifest, to repository: Repository) async throws -> Descriptor {
        let bytes = try CanonicalJSON.encode(artifact)
        let manifest = RegistryManifest(bytes, mediaType: .manifest)
        let target = ImageReference(repository, tag: nil, digest: manifest.descriptor.digest)
        let isListed = try await push(manifest, to: target)
        var descriptor = manifest.descriptor
        descriptor.artifactType = artifact.artifactType
        if let subject = artifact.subject, !isListed {
            try await list(descriptor, underTagOf: subject.digest, in: repository)
        }
        return descriptor
    }

    /// The artifacts that say something about a manifest.
    package func referrers(
        of subject: Digest,
        in repository: Repository,
        type: MediaType? = nil
    ) async throws -> [Descriptor] {
        let request = HTTPRequest(
            .get,
            url(repository, "referrers/\(subject)"),
            headers: ["Accept": MediaType.index.rawValue],
            destination: .memory(limit: Self.manifestLimit)
        )
        let response = try await exchange(request, with: repository, .pull)
        let index: ImageIndex?
        switch response.status {
        case 200: index = try? CanonicalJSON.decode(ImageIndex.self, from: response.body)
        case 404: index = nil
        default: throw refusal("list what belongs to \(subject.short) of \(repository)", response, repository)
        }
        let found: ImageIndex
        if let index { found = index } else { found = try await taggedReferrers(of: subject, in: repository) }
        return found.manifests.filter { type == nil || $0.artifactType == type }
    }

    private static func tag(of subject: Digest) -> String { "sha256-" + subject.hex }

    private func taggedReferrers(of subject: Digest, in repository: Repository) async throws -> ImageIndex {
        let reference = ImageReference(repository, tag: Self.tag(of: subject), digest: nil)
        do {
            let found = try await manifest(reference)
            return try CanonicalJSON.decode(ImageIndex.self, from: found.bytes)
        } catch let error as RegistryError where error.code == .notFound {
            return ImageIndex(manifests: [])
        } catch let error as DecodingError {
            throw RegistryError(.content, "\(reference) is no index", causes: [String(describing: error)])
        }
    }

    /// Registries offer no way to change an index only if nobody else did: each write is read again, and made again when
    /// another's came over it.
    private func list(
        _ artifact: Descriptor,
        underTagOf subject: Digest,
        in repository: Repository
    ) async throws {
        let reference = ImageReference(repository, tag: Self.tag(of: subject), digest: nil)
        for attempt in 0..<5 {
            if attempt > 1 { try await pause(before: attempt) }
            var index = try await taggedReferrers(of: subject, in: repository)
            if index.manifests.contains(where: { $0.digest == artifact.digest }) { return }
            index.mediaType = .index
            index.manifests.append(artifact)
            try await push(
                RegistryManifest(try CanonicalJSON.encode(index), mediaType: .index),
                to: reference
            )
        }
        let index = try await taggedReferrers(of: subject, in: repository)
        guard index.manifests.contains(where: { $0.digest == artifact.digest }) else {
            throw RegistryError(
                .busy,
                "what belongs to \(subject.short) cannot be listed at \(reference)",
                causes: ["others write to the same tag all the time"],
                hint: "run the command again"
            )
        }
    }
}
