import KilnDiagnostics

/// A value on a line of the lock, with its place.
struct LockValue {
    let text: String
    /// Indices of the line's bytes.
    let start: Int
    let end: Int
}

/// One line of the lock and a position in it.
struct LockLine {
    let source: SourceText
    let number: Int
    /// UTF-8, without the line ending.
    let bytes: ArraySlice<UInt8>
    var position: Int

    init(source: SourceText, number: Int, bytes: ArraySlice<UInt8>) {
        self.source = source
        self.number = number
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Leading spaces.
    var indent: Int { bytes.prefix { $0 == 0x20 }.count }
    var isBlankOrComment: Bool {
        let content = bytes.drop { $0 == 0x20 }
        return content.isEmpty || content.first == 0x23
    }
    var atEnd: Bool { position >= bytes.endIndex }
    var next: UInt8? { atEnd ? nil : bytes[position] }

    mutating func take(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    mutating func expect(_ text: StaticString) throws(LockError) {
        guard take(text) else { throw error("expected \"\(text)\"") }
    }

    mutating func expectEnd() throws(LockError) {
        guard atEnd else { throw error("unexpected text after the value") }
    }

    /// `key` of `key:`, leaving the position after the colon.
    mutating func key() throws(LockError) -> LockValue {
        let start = position
        while let byte = next, byte != 0x3A {
            guard PackageSyntax.isAlphanumeric(byte) || "-_".utf8.contains(byte) else {
                throw error("expected a key")
            }
            position += 1
        }
        guard position > start, next == 0x3A else { throw error("expected a key and \":\"") }
        let value = value(from: start, to: position)
        position += 1
        return value
    }

    /// A scalar, which ends before any of `stops` when it is plain.
    mutating func scalar(until stops: StaticString) throws(LockError) -> LockValue {
        if next == 0x22 { return try quotedScalar() }
        let start = position
        let stops = UnsafeBufferPointer(start: stops.utf8Start, count: stops.utf8CodeUnitCount)
        while let byte = next, !stops.contains(byte) {
            guard byte > 0x20, byte < 0x7F, byte != 0x22, byte != 0x27 else {
                throw error("this character must stand in double quotes")
            }
            position += 1
        }
        guard position > start else { throw error("expected a value") }
        return value(from: start, to: position)
    }

    private mutating func quotedScalar() throws(LockError) -> LockValue {
        let start = position
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case 0x22:
                let decoded = String(decoding: text, as: UTF8.self)
                return LockValue(text: decoded, start: start, end: position)
            case 0x5C: text += try escape()
            default: text.append(byte)
            }
        }
        throw error("the closing quote is missing", from: start, to: bytes.endIndex)
    }

    /// The escapes that a lock is written with: `\"`, `\\`, `\UXXXXXXXX`.
    private mutating func escape() throws(LockError) -> [UInt8] {
        if take("\"") { return [0x22] }
        if take("\\") { return [0x5C] }
        let start = position - 1
        if take("U") {
            let digits = bytes[position...].prefix(8)
            if digits.count == 8, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(value)
            {
                position += 8
                return Array(String(Character(scalar)).utf8)
            }
        }
        throw error("unknown escape", from: start, to: min(start + 2, bytes.endIndex))
    }

    private func value(from start: Int, to end: Int) -> LockValue {
        LockValue(text: String(decoding: bytes[start..<end], as: UTF8.self), start: start, end: end)
    }

    /// A layout error at the position, or over the bytes given.
    func error(_ message: String, from start: Int? = nil, to end: Int? = nil) -> LockError {
        LockError(
            .syntax,
            message,
            at: span(from: start ?? position, to: end ?? (start ?? position) + 1),
            hint: LockReader.layoutHint,
            exitStatus: .usage
        )
    }

    func error(_ message: String, at value: LockValue, hint: String? = nil) -> LockError {
        LockError(
            .syntax,
            message,
            at: span(from: value.start, to: value.end),
            hint: hint ?? LockReader.layoutHint,
            exitStatus: .usage
        )
    }

    func span(from start: Int, to end: Int) -> SourceSpan {
        let start = min(max(start, bytes.startIndex), bytes.endIndex)
        let end = min(max(end, start), bytes.endIndex)
        return SourceSpan(
            source: source,
            line: number,
            column: String(decoding: bytes[..<start], as: UTF8.self).count + 1,
            length: String(decoding: bytes[start..<end], as: UTF8.self).count
        )
    }
}
