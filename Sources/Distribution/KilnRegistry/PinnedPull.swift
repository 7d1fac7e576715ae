import KilnDiagnostics
package import KilnOCI
import KilnStore
import KilnSystem

/// An image that is in the store as a whole.
package struct PulledImage: Sendable, Hashable {
    /// Of the manifest.
    package let descriptor: Descriptor
    package let manifest: ImageManifest
    package let config: ImageConfig
}

/// Pulling what a lock names: each part from the store, else from the repositories that keep sources, else from the
/// image's own.
extension ImagePull {
    /// `reference` has the manifest's digest, `size` is the manifest's.
    package func pull(pinned reference: ImageReference, size: Int64) async throws -> PulledImage {
        try store.prepare()
        let bytes = try await manifest(reference, size)
        guard case .image(let manifest) = try document(bytes, reference) else {
            throw RegistryError(.content, "\(reference) is an index where an image should be")
        }
        let image = try await pull(
            bytes,
            manifest.mediaType,
            reference,
            from: sources + [reference.repository]
        )
        if let layer = image.manifest.layers.first(where: { $0.mediaType.asLayer == nil }) {
            throw RegistryError(
                .content,
                "\(reference) has a layer of a kind that cannot be read",
                causes: ["\(layer.digest.short) is \(layer.mediaType.rawValue)"]
            )
        }
        return image
    }

    /// Sources keep it as a blob: it is the manifest of somebody else's image there.
    private func manifest(_ reference: ImageReference, _ size: Int64) async throws -> [UInt8] {
        guard let digest = reference.digest else {
            throw RegistryError(.content, "\(reference) is not pinned to a digest")
        }
        if store.hasBlob(digest), let bytes = try? store.read(digest) { return bytes }
        let blob = Descriptor(mediaType: .json, digest: digest, size: size)
        return try await firstAnswer(of: sources + [reference.repository]) { repository in
            repository == reference.repository
                ? try await client.manifest(reference).bytes : try await client.read(blob, from: repository)
        }
    }

    /// What the first repository gives that gives anything; the error tells of all that were asked.
    func firstAnswer<Answer>(
        of repositories: [Repository],
        _ ask: (Repository) async throws -> Answer
    ) async throws -> Answer {
        var errors: [RegistryError] = []
        for repository in repositories {
            do {
                return try await ask(repository)
            } catch let error as RegistryError {
                errors.append(error)
            }
        }
        guard let last = errors.last, errors.count > 1 else { throw errors.first ?? Self.nowhere }
        throw RegistryError(
            last.code,
            last.diagnostic.message,
            causes: last.diagnostic.causes + errors.dropLast().map(\.diagnostic.message),
            hint: last.diagnostic.hint
        )
    }

    private static var nowhere: RegistryError { RegistryError(.notFound, "no repository is named") }
}

extension RegistryClient {
    /// A small blob, checked against its digest.
    package func read(_ blob: Descriptor, from repository: Repository) async throws -> [UInt8] {
        let request = HTTPRequest(
            .get,
            url(repository, "blobs/\(blob.digest)"),
            destination: .memory(limit: min(blob.size, Self.manifestLimit))
        )
        let response = try await exchange(request, with: repository, .pull)
        guard response.isSuccess else {
            throw refusal("read blob \(blob.digest.short) of \(repository)", response, repository)
        }
        guard Digest(of: response.body) == blob.digest else {
            throw RegistryError(
                .content,
                "\(repository.registry) sent something else for blob \(blob.digest.short)"
            )
        }
        return response.body
    }
}
