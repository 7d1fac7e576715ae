import KilnArchive

/// An ELF file's sections and segments (elf(5)), of either size and order of bytes.
struct ElfFile {
    struct Section {
        let name: String
        let address: UInt64
        let offset: Int64
        let size: Int64
    }

    struct Segment {
        let flags: UInt32
        let address: UInt64
        let offset: Int64
        let size: Int64
    }

    static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
    private static let most = 4096
    private static let longestName = 256

    let isBigEndian: Bool
    let is64Bit: Bool
    let machine: UInt64
    private(set) var sections: [Section] = []
    /// Those that are loaded.
    private(set) var segments: [Segment] = []
    let bytes: any RandomBytes

    /// nil for what is no ELF file that can be read; a file without sections is one.
    init?(_ bytes: some RandomBytes) {
        guard let head = try? bytes.bytes(at: 0, min(64, bytes.size)), head.count >= 52,
            head.starts(with: Self.magic), head[4] == 1 || head[4] == 2, head[5] == 1 || head[5] == 2
        else { return nil }
        is64Bit = head[4] == 2
        isBigEndian = head[5] == 2
        self.bytes = bytes
        guard !is64Bit || head.count == 64 else { return nil }
        let numbers = ElfNumbers(bytes: head, isBigEndian: isBigEndian)
        machine = numbers.at(18, 2)
        let word = is64Bit ? 8 : 4
        let programs = numbers.at(is64Bit ? 32 : 28, word)
        let table = numbers.at(is64Bit ? 40 : 32, word)
        let counts = (is64Bit ? 54 : 42, is64Bit ? 58 : 46)
        readSegments(at: programs, each: numbers.at(counts.0, 2), count: numbers.at(counts.0 + 2, 2))
        readSections(
            at: table,
            each: numbers.at(counts.1, 2),
            count: numbers.at(counts.1 + 2, 2),
            names: numbers.at(counts.1 + 4, 2)
        )
    }

    func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// A section's content, up to a limit.
    func content(_ section: Section, limit: Int64) -> [UInt8]? {
        try? bytes.bytes(at: section.offset, min(section.size, limit))
    }

    /// What is at an address once the file is loaded.
    func bytes(atAddress address: UInt64, _ count: Int64) -> [UInt8]? {
        for segment in segments where address >= segment.address {
            let distance = address - segment.address
            guard distance < UInt64(max(0, segment.size)), count <= segment.size - Int64(distance) else {
                continue
            }
            return try? bytes.bytes(at: segment.offset + Int64(distance), count)
        }
        return nil
    }

    private mutating func readSegments(at offset: UInt64, each size: UInt64, count: UInt64) {
        guard let rows = rows(at: offset, each: size, count: count, least: is64Bit ? 56 : 32) else { return }
        for row in rows where row.at(0, 4) == 1 {
            let segment =
                is64Bit
                ? (row.at(4, 4), row.at(16, 8), row.at(8, 8), row.at(32, 8))
                : (row.at(24, 4), row.at(8, 4), row.at(4, 4), row.at(16, 4))
            guard let place = Int64(exactly: segment.2), let size = Int64(exactly: segment.3),
                place <= bytes.size
            else { continue }
            segments.append(
                Segment(
                    flags: UInt32(truncatingIfNeeded: segment.0),
                    address: segment.1,
                    offset: place,
                    size: min(size, bytes.size - place)
                )
            )
        }
    }

    private mutating func readSections(at offset: UInt64, each size: UInt64, count: UInt64, names: UInt64) {
        guard let rows = rows(at: offset, each: size, count: count, least: is64Bit ? 64 : 40) else { return }
        let word = is64Bit ? 8 : 4
        func field(_ row: ElfNumbers, _ place: Int) -> UInt64 { row.at(8 + place * word, word) }
        guard names < UInt64(rows.count), let start = Int64(exactly: field(rows[Int(names)], 2)),
            let length = Int64(exactly: field(rows[Int(names)], 3)), length <= 1 << 20,
            let texts = try? bytes.bytes(at: start, length)
        else { return }
        for row in rows {
            let name = texts.dropFirst(Int(row.at(0, 4))).prefix(Self.longestName).prefix { $0 != 0 }
            guard let place = Int64(exactly: field(row, 2)), let size = Int64(exactly: field(row, 3)),
                row.at(4, 4) != 8, place <= bytes.size
            else { continue }
            sections.append(
                Section(
                    name: String(decoding: name, as: UTF8.self),
                    address: field(row, 1),
                    offset: place,
                    size: min(size, bytes.size - place)
                )
            )
        }
    }

    private func rows(at offset: UInt64, each size: UInt64, count: UInt64, least: UInt64) -> [ElfNumbers]? {
        guard size >= least, size <= 256, count > 0, count <= UInt64(Self.most),
            let start = Int64(exactly: offset),
            let table = try? bytes.bytes(at: start, Int64(size * count))
        else { return nil }
        return (0..<Int(count)).map { row in
            ElfNumbers(
                bytes: Array(table[row * Int(size)..<(row + 1) * Int(size)]),
                isBigEndian: isBigEndian
            )
        }
    }
}

/// Numbers at places of a header.
struct ElfNumbers {
    let bytes: [UInt8]
    let isBigEndian: Bool

    /// 0 past the end.
    func at(_ place: Int, _ size: Int) -> UInt64 {
        guard place + size <= bytes.count else { return 0 }
        let part = bytes[place..<place + size]
        return isBigEndian
            ? part.reduce(0) { $0 << 8 | UInt64($1) } : part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
