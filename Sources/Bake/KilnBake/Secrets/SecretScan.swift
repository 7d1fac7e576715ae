import Glibc
import KilnArchive
import KilnDefinition
import KilnSystem
import SystemPackage

/// Looks for secrets in a tree that a step left: in contents, names, link targets and attributes. Blocks.
struct SecretScan {
    private let secrets: [SecretForms]
    private let overlap: Int

    struct Finding: Hashable {
        let secret: String
        /// Below the root, without a slash before it.
        let path: String
        /// What of it, such as `the content`.
        let part: String
    }

    init(_ secrets: [SecretValue]) {
        self.secrets = secrets.map(SecretForms.init)
        // Twice, for the line ends in between.
        overlap = 2 * (self.secrets.flatMap(\.all).map(\.count).max() ?? 1)
    }

    /// Throws when the step left one.
    func check(_ tree: FilePath, after step: StepDefinition) throws {
        if !secrets.isEmpty, let found = try first(in: tree) { throw BakeError.leakedSecret(found, step) }
    }

    /// The first that is found; nil when nothing is.
    func first(in root: FilePath) throws -> Finding? {
        try search(root, "")
    }

    private func search(_ location: FilePath, _ path: String) throws -> Finding? {
        guard let facts = Files.facts(location) else { return nil }
        let name = location.lastComponent?.string ?? ""
        if !path.isEmpty, let secret = secret(in: Array(name.utf8)) {
            // The name itself is not shown: it is the secret.
            return Finding(secret: secret, path: EntryPath.split(path).parent, part: "a name in it")
        }
        if let secret = try attributes(of: location, facts.kind, path) {
            return Finding(secret: secret, path: path, part: "an attribute")
        }
        switch facts.kind {
        case .file:
            return try content(of: location).map { Finding(secret: $0, path: path, part: "the content") }
        case .symlink:
            return secret(in: Self.target(of: location)).map {
                Finding(secret: $0, path: path, part: "where the link leads")
            }
        case .directory:
            for child in try Files.list(location) {
                try Blocking.checkCancellation()
                let below = path.isEmpty ? child : path + "/" + child
                if let found = try search(location.appending(child), below) { return found }
            }
            return nil
        case .other: return nil
        }
    }

    /// The name of the secret that is in the bytes.
    private func secret(in bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { secret(in: $0) }
    }

    private func secret(in bytes: UnsafeRawBufferPointer) -> String? {
        if let found = first(\.all, in: bytes) { return found }
        // Encoders break lines wherever they like.
        let unbroken = bytes.filter { $0 > 32 }
        return unbroken.count == bytes.count ? nil : unbroken.withUnsafeBytes { first(\.encoded, in: $0) }
    }

    private func first(
        _ forms: KeyPath<SecretForms, [[UInt8]]>,
        in bytes: UnsafeRawBufferPointer
    ) -> String? {
        secrets.first { secret in
            secret[keyPath: forms].contains { ByteSearch.first($0, in: bytes) != nil }
        }?.name
    }

    private func content(of file: FilePath) throws -> String? {
        let descriptor = open(file.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(file)") }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        // What was kept of the piece before, in which a secret may have begun.
        var kept = 0
        while true {
            try Blocking.checkCancellation()
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[kept...])
            let count = read(descriptor, room.baseAddress, room.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last("read \(file)") }
            if count == 0 { return nil }
            let filled = UnsafeRawBufferPointer(rebasing: buffer[..<(kept + count)])
            if let secret = secret(in: filled) { return secret }
            kept = min(overlap, filled.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: filled[(filled.count - kept)...]))
        }
    }

    private func attributes(of location: FilePath, _ kind: FileFacts.Kind, _ path: String) throws -> String? {
        guard kind == .file || kind == .directory else { return nil }
        let descriptor = open(location.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(location)") }
        defer { close(descriptor) }
        for name in try ExtendedAttributes.names(of: descriptor, path: path) {
            if let found = secret(in: Array(name.utf8)) { return found }
            let value = try ExtendedAttributes.value(name, of: descriptor, path: path)
            if let found = secret(in: value) { return found }
        }
        return nil
    }

    private static func target(of link: FilePath) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(link.string, $0, bytes.count) } ?? -1
        }
        return Array(buffer.prefix(max(0, count)))
    }
}
