import KilnDiagnostics
package import KilnOCI
import KilnStore

extension ImagePush {
    /// Sends what is said of an image (signatures, attestations), which the registry lists beside it. What others said there
    /// stays. The image itself must be there.
    ///
    /// Gives how many artifacts there are.
    func pushReferrers(of image: Descriptor, to repository: Repository) async throws -> Int {
        let referrers = try store.referrers(of: image.digest)
        for referrer in referrers {
            var artifact = referrer.manifest
            let suffix = ArtifactTag.suffix(of: artifact.artifactType)
            let tag = suffix.map { ArtifactTag.reference($0, of: image.digest, in: repository) }
            let known = if let tag { try await client.artifact(tag) } else { ArtifactManifest?.none }
            let new = artifact.layers.filter { !(known?.layers.contains($0) ?? false) }
            if known != nil, new.isEmpty { continue }
            let blobs = ([artifact.config] + artifact.layers).map { ($0, store.blobPath($0.digest)) }
            let label =
                "push \(artifact.artifactType == .signatures ? "signatures" : "statements") of \(image.digest.short)"
            let total = blobs.reduce(0) { $0 + $1.0.size }
            var report = Report(digest: image.digest)
            try await Progress.track(WorkID(label), label: label, total: total) {
                try await send(blobs, to: repository, mountFrom: nil, as: WorkID(label), &report)
            }
            artifact.layers = (known?.layers ?? []) + new
            _ = try await client.push(artifact, to: repository)
            guard let tag else { continue }
            let bytes = try CanonicalJSON.encode(artifact)
            try await client.push(RegistryManifest(bytes, mediaType: .manifest), to: tag)
        }
        return referrers.count
    }
}

extension ImagePull {
    /// Brings what a repository has about an image into the store; gives how many layers came with it.
    package func pullReferrers(of image: Descriptor, from repository: Repository) async throws -> Int {
        var count = 0
        for artifact in try await client.artifacts(about: image.digest, in: repository) {
            guard Self.kept.contains(artifact.artifactType) else { continue }
            var layers: [Descriptor] = []
            for layer in artifact.layers.prefix(Self.layerLimit)
            where layer.size <= RegistryClient.manifestLimit {
                if !store.hasBlob(layer) {
                    try store.put(try await client.read(layer, from: repository), mediaType: layer.mediaType)
                }
                layers.append(layer)
            }
            let brought = layers
            try await store.attach(artifact.artifactType, to: image) { known in
                known += brought.filter { !known.contains($0) }
            }
            count += layers.count
        }
        return count
    }

    /// What there is to verify. Sources stay where they are, and so do statements that nobody signed: whoever signs the image here
    /// would sign them too.
    private static let kept: Set<MediaType> = [.signatures, .statement]
    private static let layerLimit = 100
}
