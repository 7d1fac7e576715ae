import Crypto
import CryptoExtras
import SwiftASN1

/// How a passphrase becomes a key (RFC 8018, appendix A.2; RFC 7914, section 7).
enum KeyDerivation: Sendable, Hashable {
    case scrypt(salt: [UInt8], cost: Int, blockSize: Int, parallelism: Int)
    case pbkdf2(salt: [UInt8], rounds: Int, hash: Hash)

    enum Hash: Sendable, Hashable {
        case sha1
        case sha256
        case sha512
    }

    /// Refuses what would take more time or memory than a key can be worth: the file need not be one that its user made.
    init(_ node: ASN1Node) throws {
        self = try DER.sequence(node, identifier: .sequence) { nodes in
            let name = try ASN1ObjectIdentifier(derEncoded: &nodes)
            guard let parameters = nodes.next() else {
                throw KeySyntaxError.unreadable("parameters are missing")
            }
            return try DER.sequence(parameters, identifier: .sequence) { nodes in
                let salt = Array(try ASN1OctetString(derEncoded: &nodes).bytes)
                guard (1...1024).contains(salt.count) else { throw KeySyntaxError.cipher("its salt") }
                switch name {
                case ObjectIdentifiers.scrypt: return try Self.scrypt(salt, &nodes)
                case ObjectIdentifiers.pbkdf2: return try Self.pbkdf2(salt, &nodes)
                default: throw KeySyntaxError.cipher("key derivation \(name)")
                }
            }
        }
    }

    private static func scrypt(
        _ salt: [UInt8],
        _ nodes: inout ASN1NodeCollection.Iterator
    ) throws -> KeyDerivation {
        let cost = try Int(derEncoded: &nodes)
        let blockSize = try Int(derEncoded: &nodes)
        let parallelism = try Int(derEncoded: &nodes)
        try skipLength(&nodes)
        guard (2...1 << 20).contains(cost), cost.nonzeroBitCount == 1, (1...32).contains(blockSize),
            (1...16).contains(parallelism), 128 * cost * blockSize * parallelism <= 256 << 20
        else {
            throw KeySyntaxError.cipher("scrypt with N \(cost), r \(blockSize), p \(parallelism)")
        }
        return .scrypt(salt: salt, cost: cost, blockSize: blockSize, parallelism: parallelism)
    }

    private static func pbkdf2(
        _ salt: [UInt8],
        _ nodes: inout ASN1NodeCollection.Iterator
    ) throws -> KeyDerivation {
        let rounds = try Int(derEncoded: &nodes)
        guard (1...10_000_000).contains(rounds) else {
            throw KeySyntaxError.cipher("PBKDF2 with \(rounds) rounds")
        }
        try skipLength(&nodes)
        guard let function = nodes.next() else { return .pbkdf2(salt: salt, rounds: rounds, hash: .sha1) }
        let name = try DER.sequence(function, identifier: .sequence) { nodes in
            let name = try ASN1ObjectIdentifier(derEncoded: &nodes)
            _ = nodes.next()
            return name
        }
        let hash: Hash
        switch name {
        case ObjectIdentifiers.hmacSHA1: hash = .sha1
        case ObjectIdentifiers.hmacSHA256: hash = .sha256
        case ObjectIdentifiers.hmacSHA512: hash = .sha512
        default: throw KeySyntaxError.cipher("PBKDF2 with \(name)")
        }
        return .pbkdf2(salt: salt, rounds: rounds, hash: hash)
    }

    /// The key's length, which the cipher tells too.
    private static func skipLength(_ nodes: inout ASN1NodeCollection.Iterator) throws {
        var ahead = nodes
        guard let node = ahead.next(), node.identifier == .integer else { return }
        nodes = ahead
    }

    func write(to out: inout DER.Serializer) throws {
        guard case .scrypt(let salt, let cost, let blockSize, let parallelism) = self else {
            throw KeySyntaxError.cipher("PBKDF2 is read only")
        }
        try out.appendConstructedNode(identifier: .sequence) { out in
            try out.serialize(ObjectIdentifiers.scrypt)
            try out.appendConstructedNode(identifier: .sequence) { out in
                try out.serialize(ASN1OctetString(contentBytes: salt[...]))
                for number in [cost, blockSize, parallelism] { try out.serialize(number) }
            }
        }
    }

    func key(from passphrase: [UInt8], byteCount: Int) throws -> SymmetricKey {
        switch self {
        case .scrypt(let salt, let cost, let blockSize, let parallelism):
            return try KDF.Scrypt.deriveKey(
                from: passphrase,
                salt: salt,
                outputByteCount: byteCount,
                rounds: cost,
                blockSize: blockSize,
                parallelism: parallelism
            )
        case .pbkdf2(let salt, let rounds, let hash):
            let function: KDF.Insecure.PBKDF2.HashFunction =
                switch hash {
                case .sha1: .insecureSHA1
                case .sha256: .sha256
                case .sha512: .sha512
                }
            return try KDF.Insecure.PBKDF2.deriveKey(
                from: passphrase,
                salt: salt,
                using: function,
                outputByteCount: byteCount,
                unsafeUncheckedRounds: rounds
            )
        }
    }
}
