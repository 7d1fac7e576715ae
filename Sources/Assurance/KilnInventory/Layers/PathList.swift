/// The paths of a layer in their order, each written after what it shares with the one before.
struct PathList: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        case file
        case directory
        /// Links, pipes, devices.
        case other
    }

    /// Bytes that a list may take; of what is past them, only the number is known.
    static let longest = 48 << 20
    private static let longestPlain = 128 << 20

    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    /// Bytes of all paths as they are written out.
    private(set) var plainSize = 0
    /// Paths that found no room.
    private(set) var dropped = 0
    private var last: [UInt8] = []

    init() {}

    /// From bytes that a list wrote; nil when they are not whole.
    init?(bytes: [UInt8], dropped: Int) {
        self.bytes = bytes
        self.dropped = dropped
        var seen = 0
        var plain = 0
        let isWhole = walk { path, _, _ in
            seen += 1
            plain += path.count
        }
        guard isWhole else { return nil }
        (count, plainSize) = (seen, plain)
    }

    mutating func append(_ path: String, _ kind: Kind, size: Int64) {
        var path = path
        path.withUTF8 { path in
            guard bytes.count + path.count + 24 <= Self.longest, plainSize + path.count <= Self.longestPlain
            else {
                dropped += 1
                return
            }
            var shared = 0
            let most = min(path.count, last.count)
            while shared < most, path[shared] == last[shared] { shared += 1 }
            bytes.append(varint: UInt64(shared))
            bytes.append(varint: UInt64(path.count - shared))
            bytes.append(contentsOf: path[shared...])
            bytes.append(kind.rawValue)
            if kind == .file { bytes.append(varint: UInt64(max(0, size))) }
            last.removeLast(last.count - shared)
            last.append(contentsOf: path[shared...])
            count += 1
            plainSize += path.count
        }
    }

    /// Lends each path; false when the bytes are not whole.
    @discardableResult
    func walk(_ body: (_ path: UnsafeBufferPointer<UInt8>, _ kind: Kind, _ size: Int64) -> Void) -> Bool {
        var path: [UInt8] = []
        var cursor = VarintCursor(bytes[...])
        while !cursor.isAtEnd {
            guard let shared = cursor.varint(), let rest = cursor.varint(), shared <= UInt64(path.count),
                let tail = cursor.take(rest), let kind = cursor.take(1)?.first.flatMap(Kind.init)
            else { return false }
            path.removeLast(path.count - Int(shared))
            path.append(contentsOf: tail)
            var size: UInt64 = 0
            if kind == .file {
                guard let value = cursor.varint() else { return false }
                size = value
            }
            path.withUnsafeBufferPointer { body($0, kind, Int64(clamping: size)) }
        }
        return true
    }
}

extension [UInt8] {
    /// Seven bits in each byte, the lowest first.
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

/// Takes numbers and bytes from the left.
struct VarintCursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// nil when there is none, or it has more than 64 bits.
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }
}
