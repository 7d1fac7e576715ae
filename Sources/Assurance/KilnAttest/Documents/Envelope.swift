import KilnAdvisories
package import KilnOCI

/// A signed document with its type (DSSE, envelope.md and protocol.md, version 1).
package struct Envelope: Sendable, Hashable {
    /// A bill of materials of a large image has some hundred kilobytes.
    package static let limit = 16 << 20
    private static let signatureLimit = 100
    /// Most bytes that are signed: base64 makes four of three, and signatures stand beside them.
    package static let payloadLimit = limit / 4 * 3 - (64 << 10)

    package struct Signature: Sendable, Hashable {
        /// A hint of its signer's, which proves nothing.
        package let keyID: String
        package let bytes: [UInt8]

        package init(keyID: String, bytes: [UInt8]) {
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    package let payloadType: String
    package let payload: [UInt8]
    package let signatures: [Signature]

    package init(payloadType: String, payload: [UInt8], signatures: [Signature]) {
        self.payloadType = payloadType
        self.payload = payload
        self.signatures = signatures
    }

    /// Signs a document.
    package init(signing payload: [UInt8], type: MediaType, with keys: [SigningKey]) throws {
        self.init(
            payloadType: type.rawValue,
            payload: payload,
            signatures: try keys.map { key in
                let signature = try key.sign(Self.preAuthentication(type.rawValue, payload))
                return Signature(keyID: key.verification.fingerprint.hex, bytes: signature)
            }
        )
    }

    package init(parsing bytes: [UInt8]) throws(DocumentError) {
        let document = try SignedDocument.read(bytes, limit: Self.limit)
        payloadType = try document.text("payloadType")
        guard let payload = Base64.decode(try document.text("payload")) else { throw .base64("payload") }
        self.payload = payload
        let listed = try document.list("signatures")
        guard !listed.isEmpty else { throw .field("signatures") }
        guard listed.count <= Self.signatureLimit else { throw .tooMany("signatures") }
        var signatures: [Signature] = []
        for entry in listed {
            guard let bytes = Base64.decode(try entry.text("sig")) else { throw .base64("sig") }
            signatures.append(Signature(keyID: entry["keyid"]?.text ?? "", bytes: bytes))
        }
        self.signatures = signatures
    }

    /// The bytes that signatures are over: the type is signed with the payload, and no two pairs give the same.
    package static func preAuthentication(_ type: String, _ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
    }

    /// Those of the keys that signed it.
    package func signers(among keys: [VerificationKey]) -> [VerificationKey] {
        let message = Self.preAuthentication(payloadType, payload)
        return keys.filter { key in signatures.contains { key.isSignature($0.bytes, over: message) } }
    }

    package func encoded() throws -> [UInt8] {
        try CanonicalJSON.encode(
            Document(
                payload: Base64.encode(payload),
                payloadType: payloadType,
                signatures: signatures.map {
                    Document.Signature(keyid: $0.keyID, sig: Base64.encode($0.bytes))
                }
            )
        )
    }

    private struct Document: Encodable {
        struct Signature: Encodable {
            let keyid: String
            let sig: String
        }

        let payload: String
        let payloadType: String
        let signatures: [Signature]
    }
}
