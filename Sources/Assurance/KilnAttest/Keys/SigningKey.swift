import Crypto
import FoundationEssentials
import KilnSystem

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
        let block = try KeyBlock(text)
        switch block.label {
        case "ENCRYPTED PRIVATE KEY":
            guard let passphrase = try passphrase() else { throw KeySyntaxError.needsPassphrase }
            try self.init(der: try EncryptedKey.open(block.bytes, passphrase))
        case "PRIVATE KEY", "EC PRIVATE KEY": try self.init(der: block.bytes)
        default: throw KeySyntaxError.otherBlock(block.label)
        }
    }
}

extension VerificationKey {
    /// Reads SubjectPublicKeyInfo in PEM.
    package init(pem text: String) throws(KeySyntaxError) {
        let block = try KeyBlock(text)
        guard block.label == "PUBLIC KEY" else { throw .otherBlock(block.label) }
        try self.init(der: block.bytes)
    }
}

/// The one block of a key's file; what stands around it would be taken for more than it is.
struct KeyBlock {
    /// Most characters of a key's file: the largest that Kiln reads has under a thousand.
    static let limit = 16 << 10

    let label: String
    let bytes: [UInt8]

    init(_ text: String) throws(KeySyntaxError) {
        guard text.utf8.count <= Self.limit else { throw .notPEM }
        let pem = PEMText(Array(text.utf8))
        guard pem.blocks.count == 1, !pem.hasStrays, let block = pem.blocks.first, let bytes = block.bytes
        else {
            throw .notPEM
        }
        label = block.label
        self.bytes = bytes
    }
}
