package import KilnOCI
package import KilnRegistry
package import KilnStore

/// What lies beside an image and may have been signed, unread and unjudged.
package struct Evidence: Sendable, Hashable {
    package struct Signature: Sendable, Hashable {
        package let payload: [UInt8]
        package let signature: [UInt8]

        package init(payload: [UInt8], signature: [UInt8]) {
            self.payload = payload
            self.signature = signature
        }
    }

    package var signatures: [Signature] = []
    package var envelopes: [[UInt8]] = []
    /// What could not even be looked at, for people.
    package var flaws: [String] = []

    package init() {}

    mutating func add(_ layer: Descriptor, _ read: (Descriptor) async throws -> [UInt8]) async throws {
        switch layer.mediaType {
        case .simpleSigning:
            guard let text = layer.annotations?[ImageAttestations.signatureKey],
                let signature = Base64.decode(text)
            else { return flaws.append("\(layer.digest.short) has no signature beside it") }
            guard layer.size <= SimpleSigning.limit else {
                return flaws.append("\(layer.digest.short) is too long to be signed")
            }
            let found = Signature(payload: try await read(layer), signature: signature)
            if !signatures.contains(found) { signatures.append(found) }
        case .envelope:
            guard layer.size <= Envelope.limit else {
                return flaws.append("\(layer.digest.short) is too long for a statement")
            }
            let found = try await read(layer)
            if !envelopes.contains(found) { envelopes.append(found) }
        default: break
        }
    }

    /// Beyond this nobody looks: whoever can write beside an image could keep every reader busy.
    var isFull: Bool { signatures.count + envelopes.count + flaws.count >= ImageAttestations.countLimit }
}

/// Where evidence about images is found.
package protocol EvidenceSource: Sendable {
    func evidence(of image: Digest) async throws -> Evidence
}

/// What lies beside images of the store.
package struct LocalEvidence: EvidenceSource {
    let store: ImageStore

    package init(store: ImageStore) {
        self.store = store
    }

    package func evidence(of image: Digest) async throws -> Evidence {
        var evidence = Evidence()
        for layer in try store.referrers(of: image).flatMap(\.manifest.layers) where !evidence.isFull {
            try await evidence.add(layer) { try store.read($0.digest, limit: Envelope.limit) }
        }
        return evidence
    }
}

/// What lies beside images of a repository: under the tags that cosign uses, and in the registry's list of referrers. Of the
/// images themselves nothing is fetched.
package struct RegistryEvidence: EvidenceSource {
    let client: RegistryClient
    let repository: Repository

    package init(client: RegistryClient, repository: Repository) {
        self.client = client
        self.repository = repository
    }

    package func evidence(of image: Digest) async throws -> Evidence {
        var evidence = Evidence()
        let artifacts = try await client.artifacts(about: image, in: repository)
        for layer in artifacts.flatMap(\.layers) where !evidence.isFull {
            guard layer.size <= RegistryClient.manifestLimit else {
                evidence.flaws.append("\(layer.digest.short) is too long to be looked at")
                continue
            }
            try await evidence.add(layer) { try await client.read($0, from: repository) }
        }
        return evidence
    }
}
