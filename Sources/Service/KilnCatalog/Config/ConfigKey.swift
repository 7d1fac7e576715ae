import Crypto
import FoundationEssentials
import Glibc
import KilnSystem
import SystemPackage

/// The key that the configuration store's values are sealed with: 256 bits in a file, in hexadecimal, for its owner alone.
struct ConfigKey: Sendable {
    let key: SymmetricKey
    /// Tells one key from another without telling anything of it.
    let id: String

    private init(_ bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
        let digest = SHA256.hash(data: Array("kiln.config-key/1\n".utf8) + bytes)
        id = digest.prefix(8).map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    /// nil when there is no such file.
    static func load(_ file: FilePath) throws -> ConfigKey? {
        guard let facts = Files.facts(file, followingSymlinks: true) else { return nil }
        guard facts.mode & 0o077 == 0 else { throw ConfigError.openKey(file, mode: facts.mode) }
        guard facts.kind == .file, facts.size <= 4096, let bytes = decoded(try Files.readText(file)) else {
            throw ConfigError.noKey(file)
        }
        return ConfigKey(bytes)
    }

    /// Whoever comes second takes what the first one made.
    static func make(_ file: FilePath) throws -> ConfigKey {
        let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let folder = file.removingLastComponent()
        if !folder.isEmpty { try Files.createDirectory(folder, mode: 0o700) }
        let draft = FilePath("\(file).\(getpid()).new")
        defer { unlink(draft.string) }
        let text = fresh.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined() + "\n"
        try Files.write(text, to: draft, mode: 0o600)
        if link(draft.string, file.string) == 0 {
            // There for good before anything is sealed with it.
            try Files.syncDirectory(folder.isEmpty ? "." : folder)
            return ConfigKey(fresh)
        }
        guard errno == EEXIST, let key = try load(file) else {
            throw SystemError.last("make the key \(file)")
        }
        try Files.syncDirectory(folder.isEmpty ? "." : folder)
        return key
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != 10 && $0 != 13 }
        guard digits.count == 64 else { return nil }
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        }
        return bytes.count == 32 ? bytes : nil
    }

    /// AES-256-GCM under a nonce of its own, bound to its place: nonce, text, tag.
    func seal(_ value: [UInt8], at place: ConfigPlace) throws -> [UInt8] {
        let box = try AES.GCM.seal(value, using: key, authenticating: place.bytes)
        guard let combined = box.combined else { throw ConfigError.tampered(place) }
        return Array(combined)
    }

    func open(_ sealed: [UInt8], at place: ConfigPlace) throws -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return Array(try AES.GCM.open(box, using: key, authenticating: place.bytes))
        } catch {
            throw ConfigError.tampered(place)
        }
    }
}

/// Which value it is: a sealed value that was put elsewhere does not open, nor a secret that lost its mark.
struct ConfigPlace: Sendable, Hashable {
    let version: Int64
    let path: String
    let key: String
    var isSecret = false

    var bytes: [UInt8] {
        Array("\(isSecret ? "kiln.secret/1" : "kiln.config/1")\n\(version)\n\(path)\n\(key)".utf8)
    }
}
