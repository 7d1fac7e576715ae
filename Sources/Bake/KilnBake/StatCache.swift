package import KilnOCI
package import KilnSystem
package import SystemPackage

/// What files' contents digested to, by what the file system says of them. Losing it costs time, nothing else.
package struct StatCache: Sendable, Equatable {
    /// Facts that move when a file's content does.
    package struct Stamp: Sendable, Hashable {
        let size: Int64
        let modified: Int64
        let changed: Int64
        let inode: UInt64

        package init(_ facts: FileFacts) {
            self.init(size: facts.size, modified: facts.modified, changed: facts.changed, inode: facts.inode)
        }

        /// As written to the file: bit patterns, so that no value is special.
        fileprivate var fields: [UInt64] {
            [UInt64(bitPattern: size), UInt64(bitPattern: modified), UInt64(bitPattern: changed), inode]
        }

        fileprivate init(size: Int64, modified: Int64, changed: Int64, inode: UInt64) {
            self.size = size
            self.modified = modified
            self.changed = changed
            self.inode = inode
        }
    }

    private struct Entry: Sendable, Equatable {
        var stamp: Stamp
        var digest: Digest
        /// Asked for since the cache was loaded.
        var isUsed: Bool
    }

    private var entries: [String: Entry] = [:]
    /// Whether it says anything that the loaded one didn't.
    package private(set) var isChanged = false

    package init() {}

    package var count: Int { entries.count }

    package mutating func digest(of path: FilePath, _ stamp: Stamp) -> Digest? {
        guard let index = entries.index(forKey: path.string), entries.values[index].stamp == stamp else {
            return nil
        }
        entries.values[index].isUsed = true
        return entries.values[index].digest
    }

    package mutating func remember(_ digest: Digest, of path: FilePath, _ stamp: Stamp) {
        entries[path.string] = Entry(stamp: stamp, digest: digest, isUsed: true)
        isChanged = true
    }

    package mutating func forget(_ path: FilePath) {
        if entries.removeValue(forKey: path.string) != nil { isChanged = true }
    }
}

/// The cache as a file: a head line, then per file `size modified changed inode hex path` and a zero byte.
extension StatCache {
    private static let head = "kiln-stat-cache 1\n"
    /// Unused entries (vanished files, other images' inputs) are kept up to this many.
    private static let unusedLimit = 50_000

    /// What the file holds; empty when it is missing or not readable as such.
    package static func load(_ file: FilePath) -> StatCache {
        guard let bytes = try? Files.read(file, limit: 256 << 20) else { return StatCache() }
        return StatCache(parsing: bytes) ?? StatCache()
    }

    package func save(to file: FilePath) throws {
        guard isChanged else { return }
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(serialized, to: file)
    }

    var serialized: [UInt8] {
        let unused = entries.count { !$0.value.isUsed }
        var bytes = Array(Self.head.utf8)
        for (path, entry) in entries where entry.isUsed || unused <= Self.unusedLimit {
            let stamp = entry.stamp
            for field in stamp.fields { bytes += "\(field) ".utf8 }
            bytes += entry.digest.hex.utf8
            bytes.append(UInt8(ascii: " "))
            bytes += path.utf8
            bytes.append(0)
        }
        return bytes
    }

    init?(parsing bytes: [UInt8]) {
        guard bytes.starts(with: Self.head.utf8) else { return nil }
        var rest = bytes[Self.head.utf8.count...]
        while let end = rest.firstIndex(of: 0) {
            guard let (path, entry) = Self.entry(rest[..<end]) else { return nil }
            entries[path] = entry
            rest = rest[(end + 1)...]
        }
        guard rest.isEmpty else { return nil }
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> (String, Entry)? {
        var rest = line
        guard let size = number(&rest), let modified = number(&rest), let changed = number(&rest),
            let inode = number(&rest), rest.count > 65, rest[rest.startIndex + 64] == UInt8(ascii: " ")
        else { return nil }
        guard let digest = try? Digest(parsingHex: String(decoding: rest.prefix(64), as: UTF8.self)) else {
            return nil
        }
        let stamp = Stamp(
            size: Int64(bitPattern: size),
            modified: Int64(bitPattern: modified),
            changed: Int64(bitPattern: changed),
            inode: inode
        )
        let path = String(decoding: rest.dropFirst(65), as: UTF8.self)
        return (path, Entry(stamp: stamp, digest: digest, isUsed: false))
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: " ") { return value }
            guard (48...57).contains(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 48))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return nil
    }
}
