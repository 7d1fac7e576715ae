import Glibc
package import KilnOCI
package import SystemPackage

/// A database of advisories, open for reading. Opening maps the file and checks its header; what a reader touches is checked when it is touched.
package struct AdvisoryDatabase: Sendable {
    typealias Section = DatabaseFormat.Section

    /// Identifies the content; reports carry it.
    package let digest: Digest
    /// How new the data is.
    package let date: Moment
    let bytes: DatabaseBytes
    private let file: String?
    private let sections: [(offset: Int, rows: Int)]

    /// Maps the file; its content is not hashed (`verify` does).
    package init(opening path: FilePath) throws {
        try self.init(DatabaseBytes(mapping: path), file: path.string)
    }

    package init(bytes: [UInt8]) throws(DatabaseError) {
        try self.init(DatabaseBytes(copying: bytes), file: nil)
    }

    private init(_ bytes: DatabaseBytes, file: String?) throws(DatabaseError) {
        defer { withExtendedLifetime(bytes) {} }
        self.bytes = bytes
        self.file = file
        guard bytes.count >= DatabaseFormat.headerSize else { throw DatabaseError(.truncated, file: file) }
        guard bytes.buffer.starts(with: DatabaseFormat.magic) else {
            throw DatabaseError(.foreign, file: file)
        }
        let version = try bytes.load(UInt32.self, at: 8)
        guard version == DatabaseFormat.version else { throw DatabaseError(.version(version), file: file) }
        let count = try bytes.load(UInt32.self, at: 12)
        guard count == Section.allCases.count else {
            throw DatabaseError(.corrupt("the table of sections"), file: file)
        }
        digest = DatabaseDigest.digest(try bytes.slice(DatabaseFormat.digestOffset, 32))
        let length = try bytes.load(UInt64.self, at: 48)
        guard length <= UInt64(bytes.count) else { throw DatabaseError(.truncated, file: file) }
        guard length == UInt64(bytes.count) else { throw DatabaseError(.corrupt("its end"), file: file) }
        date = Moment(seconds: try bytes.load(Int64.self, at: 56))
        var sections: [(offset: Int, rows: Int)] = []
        for section in Section.allCases {
            let place = 64 + section.rawValue * 16
            let (offset, size) = (
                try bytes.load(UInt64.self, at: place), try bytes.load(UInt64.self, at: place + 8)
            )
            guard offset >= UInt64(DatabaseFormat.headerSize), size <= length, offset <= length - size,
                size % UInt64(section.rowSize) == 0
            else { throw DatabaseError(.corrupt("section \(section)"), file: file) }
            sections.append((Int(offset), Int(size) / section.rowSize))
        }
        guard sections[0].rows > 0 else { throw DatabaseError(.corrupt("the table of texts"), file: file) }
        self.sections = sections
    }

    /// Hashes the content and holds it against the digest in the header.
    package func verify() throws(DatabaseError) {
        defer { withExtendedLifetime(bytes) {} }
        var hasher = ContentHasher()
        hasher.update(UnsafeRawBufferPointer(rebasing: bytes.buffer[DatabaseFormat.hashedFrom...]))
        let found: Digest = hasher.finish()
        guard found == digest else {
            throw DatabaseError(.wrongContent(expected: digest, found: found), file: file)
        }
    }

    package var advisoryCount: Int { rows(of: .advisories) }
    package var packageCount: Int { rows(of: .packages) }
    package var byteCount: Int { bytes.count }

    // MARK: Rows

    func rows(of section: Section) -> Int { sections[section.rawValue].rows }

    /// Where a row begins.
    func row(_ section: Section, _ number: Int) throws(DatabaseError) -> Int {
        let (offset, rows) = sections[section.rawValue]
        guard number >= 0, number < rows else {
            throw DatabaseError(.corrupt("row \(number) of \(section)"), file: file)
        }
        return offset + number * section.rowSize
    }

    func number(_ offset: Int) throws(DatabaseError) -> Int {
        Int(try bytes.load(UInt32.self, at: offset))
    }

    /// A run of rows that a row refers to, checked as a whole.
    func run(_ section: Section, first: Int, count: Int) throws(DatabaseError) -> Range<Int> {
        guard first >= 0, count >= 0, first + count <= rows(of: section) else {
            throw DatabaseError(.corrupt("rows of \(section)"), file: file)
        }
        return first..<first + count
    }

    // MARK: Texts

    /// A text's bytes, nil for the number that names none. They live as long as `bytes` does, which callers see to.
    func poolBytes(_ name: Int) throws(DatabaseError) -> UnsafeRawBufferPointer? {
        guard name != Int(DatabaseFormat.none) else { return nil }
        let place = try row(.offsets, name)
        _ = try row(.offsets, name + 1)
        let (start, end) = (try number(place), try number(place + 4))
        let (offset, size) = sections[Section.pool.rawValue]
        guard start <= end, end <= size else { throw DatabaseError(.corrupt("a text"), file: file) }
        return try bytes.slice(offset + start, end - start)
    }

    func text(_ name: Int) throws(DatabaseError) -> String? {
        defer { withExtendedLifetime(bytes) {} }
        return try poolBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Packages

    /// The ecosystem's packages and the order of its versions; nil when nothing is known of it.
    func ecosystem(
        _ ecosystem: Ecosystem
    ) throws(DatabaseError) -> (packages: Range<Int>, scheme: VersionScheme)? {
        defer { withExtendedLifetime(bytes) {} }
        for number in 0..<rows(of: .ecosystems) {
            let place = try row(.ecosystems, number)
            guard try Self.order(poolBytes(self.number(place)), Array(ecosystem.description.utf8)) == 0 else {
                continue
            }
            guard let scheme = VersionScheme(rawValue: UInt8(truncatingIfNeeded: try self.number(place + 4)))
            else {
                throw DatabaseError(.corrupt("an ecosystem's order"), file: file)
            }
            let range = try run(
                .packages,
                first: try self.number(place + 8),
                count: try self.number(place + 12)
            )
            return (range, scheme)
        }
        return nil
    }

    /// The entries of a package, empty when nothing is known of it.
    func entries(of name: [UInt8], among packages: Range<Int>) throws(DatabaseError) -> Range<Int> {
        defer { withExtendedLifetime(bytes) {} }
        var (low, high) = (packages.lowerBound, packages.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            let place = try row(.packages, middle)
            let order = try Self.order(poolBytes(number(place)), name)
            if order == 0 {
                return try run(.entries, first: try number(place + 4), count: try number(place + 8))
            }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return 0..<0
    }

    /// Negative, zero or positive as the database's bytes are before, the same as, or after others.
    static func order(_ left: UnsafeRawBufferPointer?, _ right: [UInt8]) -> Int {
        guard let left else { return -1 }
        return right.withUnsafeBytes { right in
            let shared = min(left.count, right.count)
            guard shared > 0, let a = left.baseAddress, let b = right.baseAddress else {
                return left.count - right.count
            }
            let order = memcmp(a, b, shared)
            return order == 0 ? left.count - right.count : Int(order)
        }
    }
}
