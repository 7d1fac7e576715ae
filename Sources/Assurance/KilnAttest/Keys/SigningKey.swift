import Crypto
import FoundationEssentials

/// An ECDSA key over P-256, with which images and statements are signed.
package struct SigningKey: Sendable {
    private let key: P256.Signing.PrivateKey

    /// A new one.
    package init() {
        key = P256.Signing.PrivateKey()
    }

    /// Reads PKCS #8 (RFC 5958) or, as openssl wrote keys of old, SEC 1.
    init(der: [UInt8]) throws(KeySyntaxError) {
        guard let key = try? P256.Signing.PrivateKey(derRepresentation: der) else { throw .notP256 }
        self.key = key
    }

    /// PKCS #8.
    var der: [UInt8] { Array(key.derRepresentation) }

    package var verification: VerificationKey { VerificationKey(key.publicKey) }

    /// In DER, over sha256 of the message; no two are the same.
    package func sign(_ message: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: Data(message)).derRepresentation)
    }
}

extension SigningKey {
    /// Encrypted PKCS #8 in PEM, which openssl reads.
    package func pem(passphrase: [UInt8]) throws -> String {
        PEMText.encode("ENCRYPTED PRIVATE KEY", try EncryptedKey.seal(der, passphrase))
    }

    /// Reads PKCS #8 in PEM, encrypted or not. The passphrase is asked for only where it is needed.
    package init(
        pem text: String,
        passphrase: () throws -> [UInt8]?
    ) throws {
        let block = try PEMText.decode(text)
        switch block.type {
        case "ENCRYPTED PRIVATE KEY":
            guard let passphrase = try passphrase() else { throw KeySyntaxError.needsPassphrase }
            try self.init(der: try EncryptedKey.open(block.bytes, passphrase))
        case "PRIVATE KEY", "EC PRIVATE KEY": try self.init(der: block.bytes)
        default: throw KeySyntaxError.otherBlock(block.type)
        }
    }
}

extension VerificationKey {
    /// Reads SubjectPublicKeyInfo in PEM.
    package init(pem text: String) throws(KeySyntaxError) {
        let block = try PEMText.decode(text)
        guard block.type == "PUBLIC KEY" else { throw .otherBlock(block.type) }
        try self.init(der: block.bytes)
    }
}
