import KilnArchive

/// Cuts a long stream into records that are small enough to hold: lines, or the members of one great object. Only one record is in memory at a time.
struct RecordReader {
    /// Most bytes of one record; Debian's tracker says some 10 MB of the Linux kernel.
    static let longest = 64 << 20

    private var source: any ByteSource
    private var buffer: [UInt8] = []
    private var place = 0
    private let limit: Int

    init(_ source: any ByteSource, limit: Int = longest) {
        self.source = source
        self.limit = limit
    }

    /// The first byte that is no blank, which tells an object of objects from lines of them; nil at the end.
    mutating func peek() throws(ImportError) -> UInt8? {
        while let byte = try next() {
            if !Self.isBlank(byte) { return byte }
            place += 1
        }
        return nil
    }

    /// The first bytes, which stay to be read: up to 64 KiB of them.
    mutating func beginning() throws(ImportError) -> [UInt8] {
        _ = try peek()
        while buffer.count - place < 1 << 16 {
            let kept = Array(buffer[place...])
            (buffer, place) = ([], 0)
            guard try next() != nil else {
                (buffer, place) = (kept, 0)
                break
            }
            buffer = kept + buffer
        }
        return Array(buffer[place...])
    }

    /// The next line that is not empty, without its end.
    mutating func line() throws(ImportError) -> [UInt8]? {
        guard try peek() != nil else { return nil }
        var line: [UInt8] = []
        while try next() != nil {
            let rest = buffer[place...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            line += rest[..<end]
            guard line.count <= limit else { throw ImportError(.recordTooLong(limit)) }
            place = end
            if end < buffer.endIndex {
                place += 1
                break
            }
        }
        return line
    }

    /// The whole rest.
    mutating func rest() throws(ImportError) -> [UInt8] {
        var bytes: [UInt8] = []
        while try next() != nil {
            bytes += buffer[place...]
            place = buffer.count
            guard bytes.count <= limit else { throw ImportError(.recordTooLong(limit)) }
        }
        return bytes
    }

    /// Hands over each member of the object that the stream is: its name's and its value's text. What stands between them is checked, values are not.
    ///
    /// Of the member `streamed`, where it is an array, each item is handed over by itself, under the member's name.
    mutating func members(
        streaming streamed: String? = nil,
        _ body: (_ name: String, _ value: [UInt8]) throws -> Void
    ) throws {
        guard try peek() == UInt8(ascii: "{") else { throw ImportError(.notAnObject) }
        place += 1
        if try peek() == UInt8(ascii: "}") { return try end() }
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw ImportError(.brokenObject) }
            let name = try value()
            guard case .string(let text)? = try? JSONValue(parsing: name[...]) else {
                throw ImportError(.brokenObject)
            }
            guard try peek() == UInt8(ascii: ":") else { throw ImportError(.brokenObject) }
            place += 1
            guard let first = try peek() else { throw ImportError(.truncated) }
            if text == streamed, first == UInt8(ascii: "[") {
                try items { try body(text, $0) }
            } else {
                try body(text, try value())
            }
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else {
                throw ImportError(byte == nil ? .truncated : .brokenObject)
            }
            if byte == UInt8(ascii: "}") { return try end() }
            place += 1
        }
    }

    private mutating func items(_ body: (_ value: [UInt8]) throws -> Void) throws {
        place += 1
        if try peek() == UInt8(ascii: "]") {
            place += 1
            return
        }
        while true {
            guard try peek() != nil else { throw ImportError(.truncated) }
            try body(try value())
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else {
                throw ImportError(byte == nil ? .truncated : .brokenObject)
            }
            place += 1
            if byte == UInt8(ascii: "]") { return }
        }
    }

    private mutating func end() throws(ImportError) {
        place += 1
        guard try peek() == nil else { throw ImportError(.brokenObject) }
    }

    /// The text of one value, told by its brackets and quotes alone.
    private mutating func value() throws(ImportError) -> [UInt8] {
        var bytes: [UInt8] = []
        var extent = ValueExtent()
        while try next() != nil {
            let rest = buffer[place...]
            let end = extent.end(in: rest)
            bytes += rest[..<(end ?? rest.endIndex)]
            place = end ?? buffer.endIndex
            guard bytes.count <= limit else { throw ImportError(.recordTooLong(limit)) }
            if end != nil { return bytes }
        }
        throw ImportError(.truncated)
    }

    private mutating func next() throws(ImportError) -> UInt8? {
        if place == buffer.count {
            if buffer.count < Self.chunk { buffer = [UInt8](repeating: 0, count: Self.chunk) }
            var source = source
            defer { self.source = source }
            var failure: ArchiveError?
            let count = buffer.withUnsafeMutableBytes { bytes -> Int in
                do throws(ArchiveError) {
                    return try source.read(into: bytes)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw ImportError(.stream(failure)) }
            buffer.removeSubrange(count...)
            place = 0
        }
        return place < buffer.count ? buffer[place] : nil
    }

    private static let chunk = 1 << 16

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

/// Finds where a JSON value ends, in pieces.
private struct ValueExtent {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var hasBegun = false

    /// The index past the value, nil when it goes on.
    mutating func end(in bytes: ArraySlice<UInt8>) -> Int? {
        for place in bytes.indices {
            let byte = bytes[place]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    if depth == 0 { return place + 1 }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return place }
                depth -= 1
                if depth == 0 { return place + 1 }
            case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09:
                if depth == 0, hasBegun { return place }
            default: break
            }
            hasBegun = true
        }
        return nil
    }
}
