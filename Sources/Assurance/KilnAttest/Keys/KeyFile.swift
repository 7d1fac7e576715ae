import Glibc
package import KilnDiagnostics
import KilnSystem
package import SystemPackage

/// Keys in files.
package enum KeyFile {
    /// The files of a new pair: `PREFIX.key` and `PREFIX.pub`, for their owner alone.
    package struct Pair: Sendable, Hashable {
        package let privateKey: FilePath
        package let publicKey: FilePath

        package init(prefix: FilePath) {
            privateKey = FilePath(prefix.string + ".key")
            publicKey = FilePath(prefix.string + ".pub")
        }
    }

    /// Writes both, over nothing that is there, each as a whole.
    package static func write(_ key: SigningKey, _ pair: Pair, passphrase: [UInt8]) throws {
        for path in [pair.privateKey, pair.publicKey] where try Files.isPresent(path) {
            throw exists(path)
        }
        let sealed = try key.pem(passphrase: passphrase)
        try create(sealed, at: pair.privateKey)
        do {
            try create(key.verification.pem, at: pair.publicKey)
        } catch {
            // Half a pair is none.
            try? Files.remove(pair.privateKey)
            throw error
        }
    }

    /// A link fails where a rename would replace what another put there meanwhile.
    private static func create(_ text: String, at path: FilePath) throws {
        let draft = FilePath("\(path).\(getpid()).new")
        defer { unlink(draft.string) }
        try Files.write(text, to: draft, mode: 0o600)
        guard link(draft.string, path.string) == 0 else {
            throw errno == EEXIST ? exists(path) : SystemError.last("create \(path)")
        }
        let folder = path.removingLastComponent()
        try Files.syncDirectory(folder.isEmpty ? "." : folder)
    }

    private static func exists(_ path: FilePath) -> any Error {
        AttestError(
            .exists,
            "\(path) is there already, and no key is written over another",
            hint: "name another place: --out PREFIX"
        )
    }

    /// `passphrase` is asked only when the key is encrypted.
    package static func signingKey(
        _ path: FilePath,
        passphrase: () throws -> [UInt8]?
    ) throws -> SigningKey {
        let text = try text(path, nil)
        do {
            let key = try SigningKey(pem: text, passphrase: passphrase)
            if !text.contains("ENCRYPTED"), let mode = Files.facts(path, followingSymlinks: true)?.mode,
                mode & 0o077 != 0
            {
                throw AttestError(
                    .key,
                    "\(path) holds a key without a passphrase, and others may read it",
                    hint: "chmod 600 \(path)"
                )
            }
            return key
        } catch let error as KeySyntaxError {
            throw error.told(of: path, at: nil)
        }
    }

    /// The public key in a file, whose place in a definition goes into the error.
    package static func verificationKey(
        _ path: FilePath,
        at span: SourceSpan? = nil
    ) throws -> VerificationKey {
        let text = try text(path, span)
        do {
            return try VerificationKey(pem: text)
        } catch {
            throw error.told(of: path, at: span)
        }
    }

    private static func text(_ path: FilePath, _ span: SourceSpan?) throws -> String {
        guard let facts = Files.facts(path, followingSymlinks: true) else {
            throw AttestError(
                .key,
                "there is no key at \(path)",
                at: span,
                hint: "kiln key generate makes a pair"
            )
        }
        guard facts.kind != .directory, facts.size <= Int64(KeyBlock.limit) else {
            throw KeySyntaxError.notPEM.told(of: path, at: span)
        }
        return try Files.readText(path, limit: KeyBlock.limit)
    }
}

extension KeySyntaxError {
    func told(of path: FilePath, at span: SourceSpan?) -> AttestError {
        switch self {
        case .notPEM:
            AttestError(
                .key,
                "\(path) is no key in PEM",
                at: span,
                hint: "a key is one block of text between BEGIN and END lines, and nothing else"
            )
        case .otherBlock(let type):
            AttestError(
                .key,
                "\(path) holds \(type.prefix(60)), which is not what is wanted here",
                at: span,
                hint: "signing takes the private key (.key), verifying the public one (.pub)"
            )
        case .notP256:
            AttestError(
                .key,
                "\(path) is no ECDSA key over P-256",
                at: span,
                hint: "kiln key generate makes one; so does openssl ecparam -name prime256v1 -genkey"
            )
        case .unreadable(let why):
            AttestError(.key, "\(path) cannot be read as a key", at: span, causes: [why])
        case .cipher(let what):
            AttestError(
                .key,
                "\(path) is encrypted in a way that is not read here",
                at: span,
                causes: ["it uses \(what)"],
                hint: "openssl pkcs8 -topk8 -scrypt -in \(path) -out NEW writes it in one that is"
            )
        case .needsPassphrase:
            AttestError(
                .passphrase,
                "\(path) is encrypted",
                at: span,
                hint: "name a file with its passphrase: --passphrase-file FILE; or set KILN_KEY_PASSPHRASE"
            )
        case .wrongPassphrase:
            AttestError(.passphrase, "the passphrase does not open \(path)", at: span)
        }
    }
}
