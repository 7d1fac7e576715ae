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
        for digest in [base.digest, base.index] {
            if policy.judge(digest, try await here.evidence(of: digest)).isSatisfied { return true }
        }
        let there = RegistryEvidence(client: registry, repository: base.image.repository)
        for digest in [base.digest, base.index] {
            guard policy.judge(digest, try await there.evidence(of: digest)).isSatisfied else { continue }
            if digest == base.digest {
                let image = Descriptor(mediaType: .manifest, digest: digest, size: base.size)
                _ = try await ImagePull(store: images, client: registry)
                    .pullReferrers(of: image, from: base.image.repository)
            }
            return true
        }
        return false
    }

    private func signers(_ names: [SignerName]) throws -> [Signer] {
        try names.map { name in
            let files = definition.trust[name] ?? []
            return Signer(name: name.description, keys: try files.map { try KeyFile.verificationKey($0) })
        }
    }
}
