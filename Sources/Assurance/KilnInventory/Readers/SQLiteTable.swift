import KilnArchive

/// The rows of one table of an SQLite database, read without SQLite: the file comes from an image, and only one table of it is
/// wanted (sqlite.org, "Database File Format").
struct SQLiteTable {
    private let file: any RandomBytes
    private let pageSize: Int64
    /// Bytes of a page that hold content.
    private let usable: Int64
    private let pageCount: Int64
    private var visited: Int64 = 0
    /// Bytes of rows. Each has a place of its own, so that all are no more than the file; rows that share theirs are to keep a reader busy.
    private var rowBytes: Int64 = 0

    private static let deepest = 24
    /// With its place in the page.
    private static let shortestRow: Int64 = 4
    /// Bytes of a write-ahead log that has a head and nothing else.
    static let emptyJournal: Int64 = 32

    init(_ file: some RandomBytes) throws(ReadProblem) {
        guard let head = try? file.bytes(at: 0, 100), head.starts(with: "SQLite format 3\u{0}".utf8) else {
            throw ReadProblem("it is no SQLite database")
        }
        let size = Int64(head[16]) << 8 | Int64(head[17])
        pageSize = size == 1 ? 65536 : size
        usable = pageSize - Int64(head[20])
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0, usable >= 480 else {
            throw ReadProblem("its pages have no size that a page can have")
        }
        self.file = file
        pageCount = file.size / pageSize
        // The count in the head is to be believed where whoever wrote last knew of it.
        let isCounted = head[24..<28].elementsEqual(head[92..<96])
        guard !isCounted || Self.number(head[28..<32]) <= pageCount else {
            throw ReadProblem("it is cut off")
        }
    }

    /// Shows each row of the table; values that are no texts, bytes or whole numbers are nil.
    mutating func rows(
        of table: String,
        limit: Int64,
        _ body: ([Value?]) throws(ReadProblem) -> Void
    ) throws(ReadProblem) {
        var root: Int64?
        try walk(1, 0, limit: 1 << 20) { row throws(ReadProblem) in
            guard row.count >= 4, row[0]?.text == "table", row[1]?.text == table else { return }
            root = row[3]?.number
        }
        guard let root else { throw ReadProblem("it has no table \(table)") }
        (visited, rowBytes) = (0, 0)
        try walk(root, 0, limit: limit, body)
    }

    enum Value {
        case number(Int64)
        case bytes([UInt8])

        var number: Int64? { if case .number(let number) = self { number } else { nil } }
        var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
        var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    }

    private mutating func walk(
        _ number: Int64,
        _ depth: Int,
        limit: Int64,
        _ body: ([Value?]) throws(ReadProblem) -> Void
    ) throws(ReadProblem) {
        visited += 1
        // A page is in one place of one tree; more visits than pages are a circle.
        guard depth < Self.deepest, visited <= pageCount else { throw Self.damaged }
        let page = try page(number)
        let start = number == 1 ? 100 : 0
        let kind = page[start]
        guard kind == 5 || kind == 13 else { throw Self.damaged }
        let header = kind == 5 ? 12 : 8
        let count = Int(page[start + 3]) << 8 | Int(page[start + 4])
        guard start + header + 2 * count <= page.count else { throw Self.damaged }
        for cell in 0..<count {
            let pointer = start + header + 2 * cell
            let place = Int(page[pointer]) << 8 | Int(page[pointer + 1])
            guard place + 4 <= page.count else { throw Self.damaged }
            if kind == 5 {
                try walk(Self.number(page[place..<place + 4]), depth + 1, limit: limit, body)
            } else {
                try body(try record(try payload(page, place, limit)))
            }
        }
        if kind == 5 {
            try walk(Self.number(page[(start + 8)..<(start + 12)]), depth + 1, limit: limit, body)
        }
    }

    /// A row's bytes: what stands in the page, and the chain of pages after it.
    private mutating func payload(
        _ page: [UInt8],
        _ place: Int,
        _ limit: Int64
    ) throws(ReadProblem) -> [UInt8] {
        var cursor = SQLiteCursor(page[place...])
        guard let length = cursor.varint(), cursor.varint() != nil, length >= 0 else { throw Self.damaged }
        guard length <= limit else { throw ReadProblem("a row of it has \(length) bytes") }
        rowBytes += max(Self.shortestRow, length)
        guard rowBytes <= file.size else { throw Self.damaged }
        let most = usable - 35
        var here = length
        if length > most {
            let least = (usable - 12) * 32 / 255 - 23
            let fitting = least + (length - least) % (usable - 4)
            here = fitting <= most ? fitting : least
        }
        guard var bytes = cursor.take(here).map(Array.init) else { throw Self.damaged }
        guard here < length else { return bytes }
        guard var next = cursor.take(4).map(Self.number) else { throw Self.damaged }
        var pages: Int64 = 0
        while Int64(bytes.count) < length {
            pages += 1
            guard pages <= pageCount else { throw Self.damaged }
            let more = try self.page(next)
            next = Self.number(more[..<4])
            bytes += more[4..<4 + Int(min(usable - 4, length - Int64(bytes.count)))]
        }
        return bytes
    }

    private func record(_ bytes: [UInt8]) throws(ReadProblem) -> [Value?] {
        var head = SQLiteCursor(bytes[...])
        guard let size = head.varint(), size >= Int64(head.position), size <= Int64(bytes.count) else {
            throw Self.damaged
        }
        head = SQLiteCursor(bytes[head.position..<Int(size)])
        var body = SQLiteCursor(bytes[Int(size)...])
        var values: [Value?] = []
        while let type = head.varint() {
            switch type {
            case 0, 7: values.append(nil)
            case 1...6:
                guard let part = body.take([1, 2, 3, 4, 6, 8][Int(type) - 1]) else { throw Self.damaged }
                values.append(.number(Self.signed(part)))
            case 8, 9: values.append(.number(type - 8))
            case 12...:
                guard let part = body.take((type - 12) / 2) else { throw Self.damaged }
                values.append(.bytes(Array(part)))
            default: throw Self.damaged
            }
            if type == 7, body.take(8) == nil { throw Self.damaged }
        }
        return values
    }

    private func page(_ number: Int64) throws(ReadProblem) -> [UInt8] {
        guard number >= 1, number <= pageCount,
            let bytes = try? file.bytes(at: (number - 1) * pageSize, pageSize)
        else { throw Self.damaged }
        return bytes
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    private static func signed(_ bytes: ArraySlice<UInt8>) -> Int64 {
        let isNegative = (bytes.first ?? 0) >= 0x80
        return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    static let damaged = ReadProblem("it is damaged")
}

/// SQLite's own varints, the highest bits first.
private struct SQLiteCursor {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var position: Int { rest.startIndex }

    mutating func varint() -> Int64? {
        var value: UInt64 = 0
        for place in 0..<9 {
            guard let byte = rest.popFirst() else { return nil }
            if place == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { break }
        }
        return Int64(bitPattern: value)
    }

    mutating func take(_ count: Int64) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= Int64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }
}
