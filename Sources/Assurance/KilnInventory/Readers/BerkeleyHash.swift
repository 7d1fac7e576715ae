import KilnArchive

/// The values of a Berkeley DB hash, in which rpm kept its packages up to RHEL 8, read without Berkeley DB (its `db_page.h`: a
/// page of facts, pages of keys and values, and chains of pages for what is too long for one).
struct BerkeleyHash {
    private enum PageKind {
        static let oldHash: UInt8 = 2
        static let overflow: UInt8 = 7
        static let hash: UInt8 = 13
    }

    private enum ItemKind {
        static let here: UInt8 = 1
        static let elsewhere: UInt8 = 3
    }

    private static let hashMagic: UInt64 = 0x061561
    private static let treeMagic: UInt64 = 0x053162
    private static let headSize = 26

    private let file: any RandomBytes
    private let isBigEndian: Bool
    private let pageSize: Int64
    private let pageCount: Int64

    /// nil for what is no Berkeley database at all.
    init?(_ file: some RandomBytes) throws(ReadProblem) {
        guard let head = try? file.bytes(at: 0, 72) else { return nil }
        let order = [false, true].first { isBig in
            [Self.hashMagic, Self.treeMagic].contains(ElfNumbers(bytes: head, isBigEndian: isBig).at(12, 4))
        }
        guard let order else { return nil }
        let numbers = ElfNumbers(bytes: head, isBigEndian: order)
        guard numbers.at(12, 4) == Self.hashMagic else {
            throw ReadProblem("it is a Berkeley database, but no hash of packages")
        }
        let size = numbers.at(20, 4)
        guard size >= 512, size <= 65536, size & (size - 1) == 0 else {
            throw ReadProblem("its pages have no size that a page can have")
        }
        guard head[24] == 0, head[26] & 1 == 0 else {
            throw ReadProblem("it is a Berkeley database that is encrypted, or has checksums")
        }
        self.file = file
        isBigEndian = order
        pageSize = Int64(size)
        pageCount = Int64(numbers.at(32, 4)) + 1
        guard pageCount <= file.size / pageSize else { throw ReadProblem("it is cut off") }
    }

    /// Shows each value, in the order of the pages; what stands under the key 0 is a counter of rpm's, and left out.
    func values(
        limit: Int64,
        _ body: ([UInt8]) throws(ReadProblem) -> Void
    ) throws(ReadProblem) {
        // A page is in one chain; more visits than pages are a circle.
        var visits = pageCount
        for number in 1..<max(1, pageCount) {
            let page = try page(number)
            guard page[25] == PageKind.hash || page[25] == PageKind.oldHash else { continue }
            let count = Int(self.number(page, 20, 2))
            guard count % 2 == 0, Self.headSize + 2 * count <= page.count else { throw SQLiteTable.damaged }
            for place in stride(from: 0, to: count, by: 2) {
                let key = try item(page, place)
                let value = try item(page, place + 1)
                if key.first == ItemKind.here, key.dropFirst().allSatisfy({ $0 == 0 }) { continue }
                try body(try content(of: value, limit, &visits))
            }
        }
    }

    /// Items grow from the page's end to its front; each begins where the list at the front says.
    private func item(_ page: [UInt8], _ place: Int) throws(ReadProblem) -> ArraySlice<UInt8> {
        let start = Int(number(page, Self.headSize + 2 * place, 2))
        let end = place == 0 ? page.count : Int(number(page, Self.headSize + 2 * (place - 1), 2))
        guard start >= Self.headSize, start < end, end <= page.count else { throw SQLiteTable.damaged }
        return page[start..<end]
    }

    private func content(
        of item: ArraySlice<UInt8>,
        _ limit: Int64,
        _ visits: inout Int64
    ) throws(ReadProblem) -> [UInt8] {
        if item.first == ItemKind.here { return Array(item.dropFirst()) }
        guard item.first == ItemKind.elsewhere, item.count >= 12 else { throw SQLiteTable.damaged }
        let item = Array(item)
        var next = Int64(number(item, 4, 4))
        let length = Int64(number(item, 8, 4))
        guard length <= limit else { throw ReadProblem("a value of it has \(length) bytes") }
        var bytes: [UInt8] = []
        while next != 0 {
            visits -= 1
            guard visits >= 0 else { throw SQLiteTable.damaged }
            let page = try page(next)
            let size = Int(number(page, 22, 2))
            guard page[25] == PageKind.overflow, size <= page.count - Self.headSize,
                Int64(bytes.count + size) <= length
            else { throw SQLiteTable.damaged }
            bytes += page[Self.headSize..<Self.headSize + size]
            next = Int64(number(page, 16, 4))
        }
        guard bytes.count == length else { throw SQLiteTable.damaged }
        return bytes
    }

    private func page(_ number: Int64) throws(ReadProblem) -> [UInt8] {
        guard number >= 0, number < pageCount,
            let bytes = try? file.bytes(at: number * pageSize, pageSize)
        else { throw SQLiteTable.damaged }
        return bytes
    }

    private func number(_ bytes: [UInt8], _ place: Int, _ size: Int) -> UInt64 {
        ElfNumbers(bytes: bytes, isBigEndian: isBigEndian).at(place, size)
    }
}
