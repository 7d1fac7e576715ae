package import KilnOCI
package import KilnStore
import KilnSystem

/// Signs images of the store, and what is stated of them.
package struct ImageSigner: Sendable {
    private let store: ImageStore
    private let key: SigningKey

    package init(store: ImageStore, key: SigningKey) {
        self.store = store
        self.key = key
    }

    /// What signing one manifest or index came to.
    package struct Outcome: Sendable, Hashable {
        package let digest: Digest
        /// False where the key's owner had said the same before.
        package var isNew = false
        /// The kinds of the statements that are signed now.
        package var statements: [PredicateType] = []
    }

    /// Of an index each image in it is signed too: instances run those.
    package func sign(
        _ named: Descriptor,
        as identity: String,
        claims: [String: String] = [:],
        now: Int64 = WallClock.now
    ) async throws -> [Outcome] {
        var targets = [named]
        for image in try store.images(in: named) where image.digest != named.digest { targets.append(image) }
        var outcomes: [Outcome] = []
        for target in targets {
            outcomes.append(try await sign(one: target, as: identity, claims, now))
        }
        return outcomes
    }

    private func sign(
        one image: Descriptor,
        as identity: String,
        _ claims: [String: String],
        _ now: Int64
    ) async throws -> Outcome {
        let attestations = ImageAttestations(store: store)
        let evidence = try await LocalEvidence(store: store).evidence(of: image.digest)
        var outcome = Outcome(digest: image.digest)
        let me = Signer(name: "", keys: [key.verification])
        let policy = SignaturePolicy(signers: [me], identity: identity, claims: claims)
        let isSaid = policy.judge(image.digest, evidence).findings.contains { finding in
            finding.identity == identity
                && Set(finding.claims.map(\.name)) == Set(claims.keys).union([SimpleSigning.timeClaim])
        }
        if !isSaid {
            let said = claims.merging([SimpleSigning.timeClaim: String(now)]) { first, _ in first }
            let payload = try SimpleSigning(identity: identity, digest: image.digest, claims: said).encoded()
            try await attestations.add(try key.sign(payload), over: payload, to: image)
            outcome.isNew = true
        }
        let signed = evidence.envelopes.compactMap { try? Envelope(parsing: $0) }
            .filter { !$0.signers(among: me.keys).isEmpty }.map(\.payload)
        for statement in try attestations.statements(of: image.digest) {
            if !signed.contains(statement.bytes) {
                let envelope = try Envelope(signing: statement.bytes, type: .statement, with: [key])
                try await attestations.add(envelope, statement.type, to: image)
                outcome.isNew = true
            }
            outcome.statements.append(statement.type)
        }
        return outcome
    }
}
