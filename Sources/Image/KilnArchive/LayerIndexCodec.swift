import KilnOCI

/// The index as text, one line per entry, the same for the same index.
///
/// ```
/// kiln-layer-index 1
/// d 755 0 0 1700000000 etc
/// f 644 0 0 1700000000 1234 <sha256 hex> etc/hostname
/// h 644 0 0 1700000000 1234 <sha256 hex> etc/other etc/hostname
/// l 777 0 0 1700000000 etc/mtab ../proc/self/mounts
/// c 666 0 0 0 1 3 dev/null
/// x security.capability \x01\x00
/// w etc/gone
/// o var/cache
/// = etc/passwd root:x:0:0:root:/root:/bin/sh\x0a
/// ```
/// `x` gives the entry above it an attribute. Spaces, backslashes, control bytes and what is not ASCII are `\xHH`; the root's path is `.`.
extension LayerIndex {
    private static let header = "kiln-layer-index 1"

    package func encode() -> [UInt8] {
        var out = IndexText()
        out.line([Self.header])
        for entry in entries {
            let common = [
                String(entry.mode, radix: 8), String(entry.uid), String(entry.gid), String(entry.mtime),
            ]
            let (tag, before, after) = Self.fields(entry.kind)
            out.line([tag] + common + before, path: entry.path, after: after)
            for (name, value) in entry.xattrs.sorted(by: { EntryPath.precedes($0.key, $1.key) }) {
                out.line(["x"], escaped: [Array(name.utf8), value])
            }
        }
        for path in removed { out.line(["w"], path: path) }
        for path in opaque { out.line(["o"], path: path) }
        for (path, content) in captured.sorted(by: { EntryPath.precedes($0.key, $1.key) }) {
            out.line(["="], escaped: [Array(path.utf8), content])
        }
        return out.bytes
    }

    package init(parsing bytes: [UInt8]) throws(ArchiveError) {
        let header = Array(Self.header.utf8) + [UInt8(ascii: "\n")]
        guard bytes.starts(with: header) else { throw ArchiveError(.malformed(field: "index header")) }
        guard bytes.last == UInt8(ascii: "\n") else { throw ArchiveError(.truncated) }
        self = try bytes.withUnsafeBufferPointer { bytes throws(ArchiveError) in
            var parser = IndexParser()
            var rest = bytes[header.count...]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                try parser.read(rest[..<end])
                rest = rest[(end + 1)...]
            }
            return parser.finish()
        }
    }

    private static func fields(_ kind: Entry.Kind) -> (tag: String, before: [String], after: String?) {
        switch kind {
        case .file(let size, let digest): ("f", [String(size), digest.hex], nil)
        case .hardlink(let target, let size, let digest): ("h", [String(size), digest.hex], target)
        case .directory: ("d", [], nil)
        case .symlink(let target): ("l", [], target)
        case .characterDevice(let major, let minor): ("c", [String(major), String(minor)], nil)
        case .blockDevice(let major, let minor): ("b", [String(major), String(minor)], nil)
        case .fifo: ("p", [], nil)
        }
    }
}

/// Lines under construction.
private struct IndexText {
    private(set) var bytes: [UInt8] = []

    mutating func line(_ words: [String], path: String? = nil, after: String? = nil) {
        var escaped: [[UInt8]] = []
        if let path { escaped.append(path.isEmpty ? [UInt8(ascii: ".")] : Array(path.utf8)) }
        if let after { escaped.append(Array(after.utf8)) }
        line(words, escaped: escaped)
    }

    mutating func line(_ words: [String], escaped: [[UInt8]]) {
        var isFirst = true
        for word in words {
            separate(&isFirst)
            bytes += word.utf8
        }
        for word in escaped {
            separate(&isFirst)
            append(escaping: word)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private mutating func separate(_ isFirst: inout Bool) {
        if !isFirst { bytes.append(UInt8(ascii: " ")) }
        isFirst = false
    }

    private mutating func append(escaping word: [UInt8]) {
        for byte in word {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(byte >> 4), digit(byte & 15)]
            }
        }
    }
}
