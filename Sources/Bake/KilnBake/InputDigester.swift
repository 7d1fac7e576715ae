import Glibc
package import KilnDiagnostics
import KilnOCI
import KilnSystem
package import SystemPackage

/// Digests the sources that a bake reads, remembering each file's digest as long as its facts stay the same.
package struct InputDigester {
    private var cache: StatCache
    /// Nanoseconds since 1970. What changed less than `settling` before is digested again next time: such a file
    /// can change once more without showing it.
    private let now: Int64
    private static let settling: Int64 = 2_000_000_000

    /// How many files were read, not merely looked at.
    package private(set) var filesRead = 0

    package init(cache: StatCache = StatCache(), now: Int64) {
        self.cache = cache
        self.now = now
    }

    /// What is worth keeping for the next bake.
    package var remembered: StatCache { cache }

    /// Digests what is at the path; `written` is how the user spells it. A symlink given as the source stands for what it points to; symlinks further
    /// down are taken as they are.
    package mutating func digest(
        _ location: FilePath,
        written: FilePath? = nil,
        span: SourceSpan? = nil
    ) throws -> InputTree {
        guard let facts = Files.facts(location, followingSymlinks: true) else {
            throw BakeError.missingInput(written ?? location, at: span)
        }
        var entries: [InputTree.Entry] = []
        try append(location, "", facts, span, to: &entries)
        return InputTree(location: location, entries: entries)
    }

    private mutating func append(
        _ location: FilePath,
        _ path: String,
        _ facts: FileFacts,
        _ span: SourceSpan?,
        to entries: inout [InputTree.Entry]
    ) throws {
        entries.append(InputTree.Entry(path: path, content: try content(location, facts, span)))
        guard facts.kind == .directory else { return }
        for name in try Files.list(location) {
            guard FilePath.Component(name) != nil, !name.unicodeScalars.contains("\u{FFFD}") else {
                throw BakeError.notExactName(location, at: span)
            }
            let child = location.appending(name)
            guard let below = Files.facts(child) else { throw BakeError.inputChanged(child) }
            try append(child, path.isEmpty ? name : path + "/" + name, below, span, to: &entries)
        }
    }

    private mutating func content(
        _ location: FilePath,
        _ facts: FileFacts,
        _ span: SourceSpan?
    ) throws -> InputTree.Entry.Content {
        switch facts.kind {
        case .directory: return .directory
        case .symlink: return .symlink(try Self.target(of: location, at: span))
        case .file:
            let digest = try fileDigest(location, facts)
            return .file(digest, size: facts.size, isExecutable: facts.mode & 0o100 != 0)
        case .other: throw BakeError.unsupportedInput(location, at: span)
        }
    }

    private mutating func fileDigest(_ location: FilePath, _ facts: FileFacts) throws -> Digest {
        let stamp = StatCache.Stamp(facts)
        if let known = cache.digest(of: location, stamp) { return known }
        let digest = try Self.contentDigest(of: location)
        filesRead += 1
        guard let after = Files.facts(location, followingSymlinks: true), StatCache.Stamp(after) == stamp
        else {
            throw BakeError.inputChanged(location)
        }
        if max(facts.modified, facts.changed) < now - Self.settling {
            cache.remember(digest, of: location, stamp)
        } else {
            cache.forget(location)
        }
        return digest
    }

    /// Of a file's bytes alone.
    static func contentDigest(of location: FilePath) throws -> Digest {
        let descriptor = open(location.string, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw SystemError.last("open \(location)") }
        defer { close(descriptor) }
        var hasher = ContentHasher()
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            try Blocking.checkCancellation()
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return hasher.finish() }
            guard count > 0 else { throw SystemError.last("read \(location)") }
            chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    static func target(of link: FilePath, at span: SourceSpan? = nil) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(link.string, $0, bytes.count) } ?? -1
        }
        guard count >= 0 else { throw SystemError.last("read the link \(link)") }
        guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
            throw BakeError.notExactTarget(link, at: span)
        }
        return target
    }
}
