import KilnOCI

/// Part of an index's text, lent for the time of parsing.
typealias IndexBytes = Slice<UnsafeBufferPointer<UInt8>>

/// Reads the lines after the header.
struct IndexParser {
    private struct Pending {
        var path: String
        var kind: LayerIndex.Entry.Kind
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
        var mtime: Int64
        var xattrs: [String: [UInt8]] = [:]
    }

    private var entries: [LayerIndex.Entry] = []
    private var removed: [String] = []
    private var opaque: [String] = []
    private var captured: [String: [UInt8]] = [:]
    private var pending: Pending?

    mutating func read(_ line: IndexBytes) throws(ArchiveError) {
        var words = Words(line)
        switch try words.tag() {
        case UInt8(ascii: "x"): pending?.xattrs[try words.text()] = try words.bytes()
        case UInt8(ascii: "w"): removed.append(try words.path())
        case UInt8(ascii: "o"): opaque.append(try words.path())
        case UInt8(ascii: "="): captured[try words.path()] = try words.bytes()
        case let tag:
            flush()
            pending = try entry(tag, &words)
        }
        try words.end()
    }

    mutating func finish() -> LayerIndex {
        flush()
        return LayerIndex(entries: entries, removed: removed, opaque: opaque, captured: captured)
    }

    private func entry(_ tag: UInt8, _ words: inout Words) throws(ArchiveError) -> Pending {
        let mode = UInt32(truncatingIfNeeded: try words.number(radix: 8))
        let uid = try words.id()
        let gid = try words.id()
        let mtime = try words.number()
        let kind: LayerIndex.Entry.Kind
        var path: String?
        switch tag {
        case UInt8(ascii: "f"): kind = .file(size: try words.number(), digest: try words.digest())
        case UInt8(ascii: "h"):
            let size = try words.number()
            let digest = try words.digest()
            path = try words.path()
            kind = .hardlink(target: try words.path(), size: size, digest: digest)
        case UInt8(ascii: "d"): kind = .directory
        case UInt8(ascii: "l"):
            path = try words.path()
            kind = .symlink(target: try words.text())
        case UInt8(ascii: "c"): kind = .characterDevice(major: try words.id(), minor: try words.id())
        case UInt8(ascii: "b"): kind = .blockDevice(major: try words.id(), minor: try words.id())
        case UInt8(ascii: "p"): kind = .fifo
        default: throw Words.malformed
        }
        let place: String
        if let path { place = path } else { place = try words.path() }
        return Pending(
            path: place,
            kind: kind,
            mode: mode,
            uid: uid,
            gid: gid,
            mtime: mtime
        )
    }

    private mutating func flush() {
        guard let entry = pending else { return }
        entries.append(
            LayerIndex.Entry(
                path: entry.path,
                kind: entry.kind,
                mode: entry.mode,
                uid: entry.uid,
                gid: entry.gid,
                mtime: entry.mtime,
                xattrs: entry.xattrs
            )
        )
        pending = nil
    }
}

/// The words of a line, taken from the left.
private struct Words {
    static let malformed = ArchiveError(.malformed(field: "index line"))

    private var rest: IndexBytes
    private var isAtEnd = false

    init(_ line: IndexBytes) {
        rest = line
    }

    mutating func tag() throws(ArchiveError) -> UInt8 {
        let word = try word()
        guard word.count == 1, let tag = word.first else { throw Self.malformed }
        return tag
    }

    mutating func number(radix: Int64 = 10) throws(ArchiveError) -> Int64 {
        var digits = try word()
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= 18 else { throw Self.malformed }
        var value: Int64 = 0
        for digit in digits {
            let digit = Int64(digit) - 48
            guard digit >= 0, digit < radix else { throw Self.malformed }
            value = value * radix + digit
        }
        return isNegative ? -value : value
    }

    mutating func id() throws(ArchiveError) -> UInt32 {
        guard let value = UInt32(exactly: try number()) else { throw Self.malformed }
        return value
    }

    mutating func digest() throws(ArchiveError) -> Digest {
        let hex = String(decoding: try word(), as: UTF8.self)
        do { return try Digest(parsingHex: hex) } catch { throw Self.malformed }
    }

    mutating func text() throws(ArchiveError) -> String {
        let word = try word()
        let text =
            word.contains(UInt8(ascii: "\\"))
            ? String(validating: try Self.unescaped(word), as: UTF8.self)
            : String(validating: word, as: UTF8.self)
        guard let text else { throw Self.malformed }
        return text
    }

    mutating func path() throws(ArchiveError) -> String {
        let text = try text()
        if text == "." { return "" }
        guard !text.isEmpty, EntryPath.isValid(text) else { throw Self.malformed }
        return text
    }

    mutating func bytes() throws(ArchiveError) -> [UInt8] {
        try Self.unescaped(try word())
    }

    private static func unescaped(_ word: IndexBytes) throws(ArchiveError) -> [UInt8] {
        var result: [UInt8] = []
        var rest = word
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            let code = rest.prefix(3)
            guard code.count == 3, code.first == UInt8(ascii: "x"),
                let value = UInt8(String(decoding: code.dropFirst(), as: UTF8.self), radix: 16)
            else { throw malformed }
            result.append(value)
            rest = rest.dropFirst(3)
        }
        return result
    }

    func end() throws(ArchiveError) {
        guard isAtEnd else { throw Self.malformed }
    }

    private mutating func word() throws(ArchiveError) -> IndexBytes {
        guard !isAtEnd else { throw Self.malformed }
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else {
            defer { rest = rest[rest.endIndex...] }
            isAtEnd = true
            return rest
        }
        defer { rest = rest[(space + 1)...] }
        return rest[..<space]
    }
}
