package import KilnOCI
package import KilnStore

/// What is known and signed of an image, in the store's layout.
///
/// One artifact holds an image's signatures, one its signed statements, one the statements that nobody signed yet: the forms that
/// cosign and others read in registries.
package struct ImageAttestations: Sendable {
    static let signatureKey = "dev.cosignproject.cosign/signature"
    /// On layers that hold statements: cosign's word, and that of BuildKit.
    static let predicateKey = "predicateType"
    static let statementPredicateKey = "in-toto.io/predicate-type"
    /// Most signatures, and most statements, that are looked at: as cosign has it.
    package static let countLimit = 100

    let store: ImageStore

    package init(store: ImageStore) {
        self.store = store
    }

    /// Keeps what a signature is over, and the signature.
    func add(_ signature: [UInt8], over payload: [UInt8], to image: Descriptor) async throws {
        var layer = try store.put(payload, mediaType: .simpleSigning)
        layer.annotations = [Self.signatureKey: Base64.encode(signature)]
        try await append([layer], MediaType.signatures, to: image)
    }

    func add(_ envelope: Envelope, _ type: PredicateType, to image: Descriptor) async throws {
        var layer = try store.put(try envelope.encoded(), mediaType: .envelope)
        layer.annotations = [Self.predicateKey: type.rawValue]
        try await append([layer], MediaType.statement, to: image)
    }

    private func append(_ layers: [Descriptor], _ type: MediaType, to image: Descriptor) async throws {
        try await store.attach(type, to: image) { known in
            known += layers.filter { !known.contains($0) }
        }
    }

    /// Keeps a statement that nobody signed, in place of an earlier one of its type.
    package func keep(_ statement: [UInt8], _ type: PredicateType, of image: Descriptor) async throws {
        var layer = try store.put(statement, mediaType: .statement)
        layer.annotations = [Self.statementPredicateKey: type.rawValue]
        let kept = layer
        try await store.attach(MediaType.unsignedStatements, to: image) { known in
            known.removeAll { $0.annotations?[Self.statementPredicateKey] == type.rawValue }
            known.append(kept)
        }
    }

    /// The statements that nobody signed yet.
    package func statements(of image: Digest) throws -> [(type: PredicateType, bytes: [UInt8])] {
        try store.referrers(of: image, type: MediaType.unsignedStatements).flatMap(\.manifest.layers)
            .compactMap { layer in
                guard layer.mediaType == .statement,
                    let type = layer.annotations?[Self.statementPredicateKey]
                else { return nil }
                return (
                    PredicateType(rawValue: type), try store.read(layer.digest, limit: Envelope.limit)
                )
            }
    }

    /// What lies beside an image of how it came about, and whose word that is.
    package struct ToldProvenance: Sendable, Hashable {
        package enum Standing: Sendable, Hashable {
            case unsigned
            /// It is in an envelope, whose signatures nobody held against a key.
            case unchecked
            /// By whom, of those who were asked for.
            case signed(by: String)
        }

        package let provenance: Provenance
        package let standing: Standing
    }

    /// What is known of how an image came about, whether anybody signed it or not; nil for one that was not baked by Kiln.
    /// With signers only what one of them signed counts, and throws when there is nothing of the kind.
    package func provenance(of image: Digest, by signers: [Signer]) async throws -> ToldProvenance? {
        guard signers.isEmpty else {
            let policy = SignaturePolicy(signers: signers, statement: .provenance)
            let verdict = policy.judge(image, try await LocalEvidence(store: store).evidence(of: image))
            let refusal = verdict.refusal(of: "image \(image.short)", what: "signed with its provenance")
            if let refusal { throw refusal }
            return verdict.findings.lazy.compactMap { finding in
                guard let bytes = finding.statement, let told = try? Provenance.decode(bytes) else {
                    return nil
                }
                return ToldProvenance(provenance: told, standing: .signed(by: finding.signer))
            }.first
        }
        for statement in try statements(of: image) where statement.type == .provenance {
            let told = try? Provenance.decode(statement.bytes)
            return told.map { ToldProvenance(provenance: $0, standing: .unsigned) }
        }
        let evidence = try await LocalEvidence(store: store).evidence(of: image)
        for bytes in evidence.envelopes {
            guard let envelope = try? Envelope(parsing: bytes),
                let statement = try? Statement(parsing: envelope.payload), statement.isAbout(image),
                statement.predicateType == .provenance,
                let provenance = try? Provenance.decode(envelope.payload)
            else { continue }
            return ToldProvenance(provenance: provenance, standing: .unchecked)
        }
        return nil
    }
}

extension ImageAttestations {
    /// Takes what is known of the layers by now into the provenance that nobody signed yet.
    package func refreshVerdicts(of image: Digest, from cache: LayerCache) async throws {
        guard let bytes = try statements(of: image).first(where: { $0.type == .provenance })?.bytes,
            var provenance = try? Provenance.decode(bytes), let statement = try? Statement(parsing: bytes),
            let subject = try store.referrers(of: image, type: .unsignedStatements).first?.manifest.subject
        else { return }
        let verdicts = try cache.verdicts(of: Set(provenance.layers.map(\.diffID)))
        for (index, part) in provenance.runDetails.byproducts.enumerated() {
            guard let text = part.annotations?[Provenance.diffIDKey], let diffID = try? DiffID(parsing: text),
                part.annotations?[Provenance.verificationKey] != Provenance.Verification.foreign.rawValue
            else { continue }
            let state: Provenance.Verification =
                switch verdicts[diffID]?.result {
                case .verified: .verified
                case .differs: .differs
                case nil: .unverified
                }
            provenance.runDetails.byproducts[index].annotations?[Provenance.verificationKey] = state.rawValue
        }
        let name = statement.subjects.first?.name ?? ""
        let fresh = try Statement.encode(provenance, .provenance, name: name, digest: image)
        try await keep(fresh, .provenance, of: subject)
    }
}
