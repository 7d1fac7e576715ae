package import KilnDefinition
import KilnDiagnostics
package import KilnLock
package import KilnOCI
package import KilnRegistry
package import KilnStore
import OrderedCollections

/// Keeps images out that were not signed by whom the definition says.
package struct SignatureGate: Sendable {
    private let definition: Definition
    private let images: ImageStore

    package init(definition: Definition, images: ImageStore) {
        self.definition = definition
        self.images = images
    }

    /// What the store has beside an image, judged by the keys of those who must have signed it; nil where nobody must.
    package func verdict(on image: Digest, by names: [SignerName]) async throws -> SignatureVerdict? {
        guard !names.isEmpty else { return nil }
        return SignaturePolicy(signers: try signers(names))
            .judge(image, try await LocalEvidence(store: images).evidence(of: image))
    }

    /// Throws when a release of the image must not be made.
    package func check(_ image: Digest, named name: ImageName, by signers: [SignerName]) async throws {
        let shown = "image \(name) (\(image.short))"
        if let refusal = try await verdict(on: image, by: signers)?.refusal(of: shown) { throw refusal }
    }

    /// Throws when a lock pins a registry's image that is not signed; what is found in a registry comes here. Signed is also what
    /// the signed index names.
    ///
    /// The definition has an image for each platform.
    package func check(_ lock: Lock, through registry: RegistryClient) async throws {
        for (name, image) in definition.images where !image.baseSignedBy.isEmpty {
            guard let base = lock.images[name]?.base else { continue }
            let policy = SignaturePolicy(signers: try signers(image.baseSignedBy))
            guard try await !isSigned(base, policy, registry) else { continue }
            let evidence = RegistryEvidence(client: registry, repository: base.image.repository)
            var refusal: AttestError?
            for digest in [base.digest, base.index] {
                let verdict = policy.judge(digest, try await evidence.evidence(of: digest))
                refusal = verdict.refusal(of: "\(base.image.named) (\(digest.short))") ?? refusal
            }
            throw AttestError(
                .unsigned,
                refusal?.diagnostics[0].message ?? "\(base.image.named) is not signed",
                at: image.spans["base_signed_by"] ?? image.span,
                causes: refusal?.diagnostics[0].causes ?? [],
                hint: "pin another of its versions, or ask its maker for one that is signed"
            )
        }
    }

    private func isSigned(
        _ base: LockedBase,
        _ policy: SignaturePolicy,
        _ registry: RegistryClient
    ) async throws -> Bool {
        let here = LocalEvidence(store: images)
        let there = RegistryEvidence(client: registry, repository: base.image.repository)
        for digest in [base.digest, base.index]
        where policy.judge(digest, try await here.evidence(of: digest)).isSatisfied {
            if try await isNamed(base, by: digest, registry) { return true }
        }
        for digest in [base.digest, base.index] {
            guard policy.judge(digest, try await there.evidence(of: digest)).isSatisfied,
                try await isNamed(base, by: digest, registry)
            else { continue }
            if digest == base.digest {
                let image = Descriptor(mediaType: .manifest, digest: digest, size: base.size)
                _ = try await ImagePull(store: images, client: registry)
                    .pullReferrers(of: image, from: base.image.repository)
            }
            return true
        }
        return false
    }

    /// A signature of an index is one of the images that it names, and of no other: a lock may say anything.
    private func isNamed(
        _ base: LockedBase,
        by digest: Digest,
        _ registry: RegistryClient
    ) async throws -> Bool {
        if digest == base.digest { return true }
        let reference = ImageReference(base.image.repository, tag: nil, digest: digest)
        let bytes = try await registry.manifest(reference).bytes
        let index = try? CanonicalJSON.decode(ImageIndex.self, from: bytes)
        return index?.manifests.contains { $0.digest == base.digest } ?? false
    }

    private func signers(_ names: [SignerName]) throws -> [Signer] {
        try names.map { name in
            let files = definition.trust[name] ?? []
            return Signer(name: name.description, keys: try files.map { try KeyFile.verificationKey($0) })
        }
    }
}
