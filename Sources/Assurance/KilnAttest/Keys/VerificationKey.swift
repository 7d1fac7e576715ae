import Crypto
import FoundationEssentials
package import KilnOCI
import KilnSystem

/// The public half of an ECDSA key over P-256: tells whether its owner signed something.
package struct VerificationKey: Sendable, Hashable {
    /// SubjectPublicKeyInfo in DER (RFC 5280), which its fingerprint is of.
    package let bytes: [UInt8]

    init(_ key: P256.Signing.PublicKey) {
        bytes = Array(key.derRepresentation)
    }

    /// Reads SubjectPublicKeyInfo. The curve and the form are part of what is compared: what would be written in another way is
    /// no key of ours.
    init(der: [UInt8]) throws(KeySyntaxError) {
        guard let key = try? P256.Signing.PublicKey(derRepresentation: der),
            Array(key.derRepresentation) == der
        else { throw .notP256 }
        bytes = der
    }

    /// Which key it is, for people and as a key's id in envelopes: sha256 over SubjectPublicKeyInfo.
    package var fingerprint: KilnOCI.Digest { KilnOCI.Digest(of: bytes) }

    /// As openssl and cosign read it.
    package var pem: String { PEMText.encode("PUBLIC KEY", bytes) }

    /// Whether the signature is the key's over sha256 of the message.
    ///
    /// Signatures are DER (RFC 3279), else r and s as 32 bytes each (IEEE P1363): cosign reads both, and both halves of the range
    /// of s, as ECDSA itself does.
    package func isSignature(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard (8...Self.signatureLimit).contains(signature.count),
            let key = try? P256.Signing.PublicKey(derRepresentation: bytes)
        else { return false }
        let parsed =
            (try? P256.Signing.ECDSASignature(derRepresentation: signature))
            ?? (signature.count == 64
                ? try? P256.Signing.ECDSASignature(rawRepresentation: signature) : nil)
        return parsed.map { key.isValidSignature($0, for: Data(message)) } ?? false
    }

    /// Two integers of 33 bytes and what DER puts around them take 72.
    private static let signatureLimit = 72
}

/// Why a text is no key.
package enum KeySyntaxError: Error, Hashable {
    case notPEM
    /// A block of another kind than keys.
    case otherBlock(String)
    /// Not ECDSA over P-256, or not written in the one way that it is.
    case notP256
    case unreadable(String)
    /// An encryption that Kiln does not know, or that asks for more than can be meant.
    case cipher(String)
    case needsPassphrase
    case wrongPassphrase
}
