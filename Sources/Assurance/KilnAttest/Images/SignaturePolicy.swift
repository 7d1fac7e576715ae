import KilnAdvisories
package import KilnOCI

/// Someone who signs, and all keys that are theirs: the one of today and, for as long as it counts, the one before it.
package struct Signer: Sendable, Hashable {
    package let name: String
    package let keys: [VerificationKey]

    package init(name: String, keys: [VerificationKey]) {
        self.name = name
        self.keys = keys
    }
}

/// Who must have signed an image, and what must be said in it. Pure: it judges what was read elsewhere.
package struct SignaturePolicy: Sendable, Hashable {
    /// Each of them must have signed, with any of their keys.
    package var signers: [Signer]
    /// What the image must be called: a repository, with or without a tag; nil takes any name.
    package var identity: String?
    /// What must be claimed.
    package var claims: [String: String] = [:]
    /// A statement of this kind must be signed, instead of the image alone.
    package var statement: PredicateType?

    package init(
        signers: [Signer],
        identity: String? = nil,
        claims: [String: String] = [:],
        statement: PredicateType? = nil
    ) {
        self.signers = signers
        self.identity = identity
        self.claims = claims
        self.statement = statement
    }

    package func judge(_ image: Digest, _ evidence: Evidence) -> SignatureVerdict {
        var verdict = SignatureVerdict(image: image, wanted: signers.map(\.name))
        if let statement {
            for bytes in evidence.envelopes { judge(bytes, of: statement, image, &verdict) }
        } else {
            for signature in evidence.signatures { judge(signature, image, &verdict) }
        }
        verdict.refuse(evidence.flaws)
        return verdict
    }

    /// The signature first: what nobody signed is not worth reading.
    private func judge(_ found: Evidence.Signature, _ image: Digest, _ verdict: inout SignatureVerdict) {
        guard found.payload.count <= SimpleSigning.limit else {
            return verdict.refuse("a payload is too long")
        }
        let signed = whoSigned { $0.isSignature(found.signature, over: found.payload) }
        guard !signed.isEmpty else { return verdict.refuse("a signature is by none of the keys") }
        let payload: SimpleSigning
        do {
            payload = try SimpleSigning(parsing: found.payload)
        } catch {
            return verdict.refuse("what \(signed[0].name) signed cannot be read: \(error.words)")
        }
        for (name, key) in signed {
            guard payload.digest == image else {
                verdict.refuse("\(name) signed another image: \(payload.digest)")
                continue
            }
            if let identity, !payload.isIdentity(identity) {
                verdict.refuse("\(name) signed it as \"\(payload.identity)\"")
                continue
            }
            let missing = claims.filter { claim in
                !payload.claims.contains { $0.name == claim.key && $0.value == claim.value }
            }
            guard missing.isEmpty else {
                let names = missing.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ")
                verdict.refuse("\(name) signed it without \(names)")
                continue
            }
            verdict.accept(
                SignatureVerdict.Finding(
                    signer: name,
                    key: key.fingerprint,
                    identity: payload.identity,
                    time: payload.time,
                    claims: payload.claims
                )
            )
        }
    }

    private func judge(
        _ bytes: [UInt8],
        of type: PredicateType,
        _ image: Digest,
        _ verdict: inout SignatureVerdict
    ) {
        let envelope: Envelope
        do {
            envelope = try Envelope(parsing: bytes)
        } catch {
            return verdict.refuse("an envelope cannot be read: \(error.words)")
        }
        guard envelope.payloadType == MediaType.statement.rawValue else {
            return verdict.refuse("an envelope holds \(envelope.payloadType.prefix(80)), and no statement")
        }
        let message = Envelope.preAuthentication(envelope.payloadType, envelope.payload)
        let signed = whoSigned { key in
            envelope.signatures.contains { key.isSignature($0.bytes, over: message) }
        }
        guard !signed.isEmpty else { return verdict.refuse("a statement is signed by none of the keys") }
        let statement: Statement
        do {
            statement = try Statement(parsing: envelope.payload)
        } catch {
            return verdict.refuse(
                "the statement that \(signed[0].name) signed cannot be read: \(error.words)"
            )
        }
        guard statement.predicateType == type else { return }
        for (name, key) in signed {
            guard let subject = statement.subjects.first(where: { $0.digest == image }) else {
                verdict.refuse("the \(type.word) that \(name) signed is about another image")
                continue
            }
            verdict.accept(
                SignatureVerdict.Finding(
                    signer: name,
                    key: key.fingerprint,
                    identity: subject.name,
                    time: nil,
                    claims: [],
                    statement: envelope.payload
                )
            )
        }
    }

    private func whoSigned(_ isSigned: (VerificationKey) -> Bool) -> [(name: String, key: VerificationKey)] {
        signers.flatMap { signer in signer.keys.filter(isSigned).map { (signer.name, $0) } }
    }
}

/// Whether an image is signed by whom it must be, by what, and what was left out of account.
package struct SignatureVerdict: Sendable, Hashable {
    package struct Finding: Sendable, Hashable {
        package let signer: String
        /// The fingerprint of the key.
        package let key: Digest
        /// What the signer calls the image.
        package let identity: String
        /// When, as the signer says: seconds since 1970.
        package let time: Int64?
        package let claims: [SimpleSigning.Claim]
        /// What was signed, of statements.
        package var statement: [UInt8]?
    }

    package let image: Digest
    /// The names of those who must have signed.
    package let wanted: [String]
    package private(set) var findings: [Finding] = []
    /// Why what lies beside the image does not count, each reason once.
    package private(set) var refusals: [String] = []

    init(image: Digest, wanted: [String]) {
        self.image = image
        self.wanted = wanted
    }

    /// Those who must have signed and did not.
    package var missing: [String] { wanted.filter { name in !findings.contains { $0.signer == name } } }

    /// Nobody who must have signed is no policy that anything satisfies.
    package var isSatisfied: Bool { !wanted.isEmpty && missing.isEmpty }

    mutating func accept(_ finding: Finding) {
        if !findings.contains(finding) { findings.append(finding) }
    }

    mutating func refuse(_ reason: String) { refuse([reason]) }

    mutating func refuse(_ reasons: [String]) {
        for reason in reasons where !refusals.contains(reason) { refusals.append(reason) }
    }

    /// Why a gate does not open; nil when it does.
    package func refusal(of name: String, what: String = "signed") -> AttestError? {
        guard !isSatisfied else { return nil }
        return AttestError(
            .unsigned,
            "\(name) is not \(what) by \(missing.isEmpty ? "anybody" : missing.joined(separator: ", "))",
            causes: refusals.isEmpty ? ["nothing that lies beside it is a signature"] : refusals,
            hint:
                "kiln image sign signs it; one that was signed elsewhere comes with its signatures by kiln image pull"
        )
    }
}
