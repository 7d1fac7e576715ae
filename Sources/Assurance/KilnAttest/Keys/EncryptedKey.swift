import Crypto
import CryptoExtras
import FoundationEssentials
import SwiftASN1

/// PKCS #8 under a passphrase: PBES2 (RFC 8018), with scrypt (RFC 7914) or PBKDF2, and AES in CBC mode.
enum EncryptedKey {
    /// scrypt with the parameters that openssl takes without being told of more memory, and AES-256.
    static func seal(_ der: [UInt8], _ passphrase: [UInt8]) throws -> [UInt8] {
        let derivation = KeyDerivation.scrypt(
            salt: random(16),
            cost: 16_384,
            blockSize: 8,
            parallelism: 1
        )
        let iv = random(16)
        let key = try derivation.key(from: passphrase, byteCount: 32)
        let sealed = try AES._CBC.encrypt(der, using: key, iv: try AES._CBC.IV(ivBytes: iv))
        return try wrap(derivation, iv: iv, sealed: Array(sealed))
    }

    /// EncryptedPrivateKeyInfo, with AES-256.
    static func wrap(_ derivation: KeyDerivation, iv: [UInt8], sealed: [UInt8]) throws -> [UInt8] {
        var out = DER.Serializer()
        try out.appendConstructedNode(identifier: .sequence) { out in
            try out.appendConstructedNode(identifier: .sequence) { out in
                try out.serialize(ObjectIdentifiers.pbes2)
                try out.appendConstructedNode(identifier: .sequence) { out in
                    try derivation.write(to: &out)
                    try out.appendConstructedNode(identifier: .sequence) { out in
                        try out.serialize(ObjectIdentifiers.aes256)
                        try out.serialize(ASN1OctetString(contentBytes: iv[...]))
                    }
                }
            }
            try out.serialize(ASN1OctetString(contentBytes: sealed[...]))
        }
        return out.serializedBytes
    }

    /// A wrong passphrase is told by the padding, or by what came out being no key: that is for the caller to see.
    static func open(_ bytes: [UInt8], _ passphrase: [UInt8]) throws -> [UInt8] {
        let box = try read(bytes)
        let key = try box.derivation.key(from: passphrase, byteCount: box.keyBytes)
        guard let iv = try? AES._CBC.IV(ivBytes: box.iv),
            let opened = try? AES._CBC.decrypt(box.sealed, using: key, iv: iv)
        else { throw KeySyntaxError.wrongPassphrase }
        guard (try? SigningKey(der: Array(opened))) != nil else {
            // Right padding comes about by chance, once in 256.
            throw (try? DER.parse(Array(opened))) == nil
                ? KeySyntaxError.wrongPassphrase : KeySyntaxError.notP256
        }
        return Array(opened)
    }

    private struct Box {
        let derivation: KeyDerivation
        let keyBytes: Int
        let iv: [UInt8]
        let sealed: [UInt8]
    }

    private static func read(_ bytes: [UInt8]) throws -> Box {
        do {
            return try DER.sequence(try DER.parse(bytes), identifier: .sequence) { nodes in
                guard let algorithm = nodes.next() else { throw KeySyntaxError.unreadable("it is empty") }
                let sealed = try ASN1OctetString(derEncoded: &nodes)
                let (derivation, cipher, iv) = try parameters(algorithm)
                guard let keyBytes = ObjectIdentifiers.keyBytes(cipher) else {
                    throw KeySyntaxError.cipher("cipher \(cipher)")
                }
                return Box(
                    derivation: derivation,
                    keyBytes: keyBytes,
                    iv: iv,
                    sealed: Array(sealed.bytes)
                )
            }
        } catch let error as KeySyntaxError {
            throw error
        } catch {
            throw KeySyntaxError.unreadable("\(error)")
        }
    }

    private static func parameters(
        _ node: ASN1Node
    ) throws -> (KeyDerivation, ASN1ObjectIdentifier, [UInt8]) {
        try DER.sequence(node, identifier: .sequence) { nodes in
            let scheme = try ASN1ObjectIdentifier(derEncoded: &nodes)
            guard scheme == ObjectIdentifiers.pbes2, let parameters = nodes.next() else {
                throw KeySyntaxError.cipher("scheme \(scheme)")
            }
            return try DER.sequence(parameters, identifier: .sequence) { nodes in
                guard let derivation = nodes.next(), let cipher = nodes.next() else {
                    throw KeySyntaxError.unreadable("parameters are missing")
                }
                let (name, iv) = try DER.sequence(cipher, identifier: .sequence) { nodes in
                    (
                        try ASN1ObjectIdentifier(derEncoded: &nodes),
                        Array(try ASN1OctetString(derEncoded: &nodes).bytes)
                    )
                }
                return (try KeyDerivation(derivation), name, iv)
            }
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Array($0) }
    }
}

/// What encrypted keys call what they were made with.
enum ObjectIdentifiers {
    static let pbes2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 13]
    static let pbkdf2: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 5, 12]
    static let scrypt: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 11591, 4, 11]
    static let hmacSHA1: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 7]
    static let hmacSHA256: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 9]
    static let hmacSHA512: ASN1ObjectIdentifier = [1, 2, 840, 113549, 2, 11]
    static let aes128: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 2]
    static let aes192: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 22]
    static let aes256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 1, 42]

    static func keyBytes(_ cipher: ASN1ObjectIdentifier) -> Int? {
        switch cipher {
        case aes128: 16
        case aes192: 24
        case aes256: 32
        default: nil
        }
    }
}
