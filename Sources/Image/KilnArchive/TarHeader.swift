/// Writes an entry's header: ustar, with a pax header before it only for what ustar cannot say (POSIX.1-2017, pax).
enum TarHeader {
    static let blockSize = 512

    /// Whole blocks, the same for the same entry.
    static func encode(_ entry: TarEntry) throws(ArchiveError) -> [UInt8] {
        guard EntryPath.isValid(entry.path) else { throw ArchiveError(.unsafePath, path: entry.path) }
        guard TarEntry.times.contains(entry.mtime) else {
            throw ArchiveError(.unsayable("a time \(entry.mtime) seconds from 1970"), path: entry.path)
        }
        let fields = Fields(entry)
        var records: [(key: String, value: [UInt8])] = []
        let name = ustarName(fields.path, &records)
        let link = ustarLink(fields.link, &records)
        let size = ustarNumber(fields.size, digits: 11, key: "size", &records)
        let uid = ustarNumber(Int64(entry.uid), digits: 7, key: "uid", &records)
        let gid = ustarNumber(Int64(entry.gid), digits: 7, key: "gid", &records)
        let mtime = ustarNumber(entry.mtime, digits: 11, key: "mtime", &records)
        for (key, value) in entry.xattrs { records.append(("SCHILY.xattr." + key, value)) }
        var block = Block()
        block.put(name.name, at: 0)
        block.put(octal: Int64(entry.mode & 0o7777), at: 100, width: 8)
        block.put(octal: uid, at: 108, width: 8)
        block.put(octal: gid, at: 116, width: 8)
        block.put(octal: size, at: 124, width: 12)
        block.put(octal: mtime, at: 136, width: 12)
        block.put([fields.type], at: 156)
        block.put(link, at: 157)
        if let device = fields.device {
            guard max(device.major, device.minor) < 1 << 21 else {
                throw ArchiveError(.unsayable("so big a device number"), path: entry.path)
            }
            block.put(octal: Int64(device.major), at: 329, width: 8)
            block.put(octal: Int64(device.minor), at: 337, width: 8)
        }
        block.put(name.prefix, at: 345)
        return (records.isEmpty ? [] : extended(records, for: fields.path)) + block.finished()
    }

    /// What follows the last entry.
    static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    /// Zero bytes that fill the last block of a content of this size.
    static func padding(after size: Int64) -> Int {
        Int((512 - size % 512) % 512)
    }

    private static func extended(_ records: [(key: String, value: [UInt8])], for path: [UInt8]) -> [UInt8] {
        let sorted = records.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let body = sorted.flatMap { record($0.key, $0.value) }
        let last = path.split(separator: slash).last.map(Array.init) ?? [UInt8(ascii: ".")]
        var block = Block()
        block.put(Array("PaxHeaders.0/".utf8) + ascii(last).prefix(80), at: 0)
        block.put(octal: 0o644, at: 100, width: 8)
        block.put(octal: 0, at: 108, width: 8)
        block.put(octal: 0, at: 116, width: 8)
        block.put(octal: Int64(body.count), at: 124, width: 12)
        block.put(octal: 0, at: 136, width: 12)
        block.put([UInt8(ascii: "x")], at: 156)
        let padding = [UInt8](repeating: 0, count: padding(after: Int64(body.count)))
        return block.finished() + body + padding
    }

    /// `LENGTH KEY=VALUE\n`, where the length counts itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + key.utf8 + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length {
            length = String(length).utf8.count + rest.count
        }
        return String(length).utf8 + rest
    }

    /// Name and prefix; a name that fits in neither goes into a record, with a shortened one in the block.
    private static func ustarName(
        _ path: [UInt8],
        _ records: inout [(key: String, value: [UInt8])]
    ) -> (name: [UInt8], prefix: [UInt8]) {
        if isASCII(path) {
            if path.count <= 100 { return (path, []) }
            let start = max(1, path.count - 101)
            let cut = path.dropLast().indices.first { $0 >= start && path[$0] == slash }
            if let cut, cut <= 155 { return (Array(path[(cut + 1)...]), Array(path[..<cut])) }
        }
        records.append(("path", path))
        return (Array(ascii(path).prefix(100)), [])
    }

    private static func ustarLink(
        _ link: [UInt8],
        _ records: inout [(key: String, value: [UInt8])]
    ) -> [UInt8] {
        if isASCII(link), link.count <= 100 { return link }
        records.append(("linkpath", link))
        return Array(ascii(link).prefix(100))
    }

    private static func ustarNumber(
        _ value: Int64,
        digits: Int,
        key: String,
        _ records: inout [(key: String, value: [UInt8])]
    ) -> Int64 {
        if value >= 0, value < 1 << (3 * Int64(digits)) { return value }
        records.append((key, Array(String(value).utf8)))
        return 0
    }

    private static func isASCII(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    private static func ascii(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "_") }
    }

    private static let slash = UInt8(ascii: "/")

    /// The entry as ustar's fields want it.
    private struct Fields {
        let path: [UInt8]
        let type: UInt8
        var link: [UInt8] = []
        var size: Int64 = 0
        var device: (major: UInt32, minor: UInt32)?

        init(_ entry: TarEntry) {
            var path = Array(entry.path.utf8)
            switch entry.kind {
            case .file(let size):
                type = UInt8(ascii: "0")
                self.size = size
            case .directory:
                type = UInt8(ascii: "5")
                path = path.isEmpty ? Array("./".utf8) : path + [slash]
            case .symlink(let target):
                type = UInt8(ascii: "2")
                link = Array(target.utf8)
            case .hardlink(let target):
                type = UInt8(ascii: "1")
                link = Array(target.utf8)
            case .characterDevice(let major, let minor):
                type = UInt8(ascii: "3")
                device = (major, minor)
            case .blockDevice(let major, let minor):
                type = UInt8(ascii: "4")
                device = (major, minor)
            case .fifo: type = UInt8(ascii: "6")
            }
            self.path = path
        }
    }

    /// A header block under construction.
    private struct Block {
        private var bytes = [UInt8](repeating: 0, count: blockSize)

        mutating func put(_ value: [UInt8], at offset: Int) {
            bytes.replaceSubrange(offset..<offset + value.count, with: value)
        }

        /// Zero-padded digits and a closing zero byte.
        mutating func put(octal value: Int64, at offset: Int, width: Int) {
            var value = value
            for index in (offset..<offset + width - 1).reversed() {
                bytes[index] = UInt8(ascii: "0") + UInt8(value & 7)
                value >>= 3
            }
        }

        /// The block with magic, version and checksum.
        func finished() -> [UInt8] {
            var block = self
            block.put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
            block.put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
            let sum = block.bytes.reduce(0) { $0 + Int64($1) }
            block.put(octal: sum, at: 148, width: 7)
            block.put([0, UInt8(ascii: " ")], at: 154)
            return block.bytes
        }
    }
}
