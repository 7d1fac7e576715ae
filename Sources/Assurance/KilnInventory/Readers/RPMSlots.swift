import KilnArchive

/// rpm's own form of a database (`Packages.db`, backend `ndb`, SUSE's choice): slots at the front that say where each package's
/// header lies, in blocks of 16 bytes (rpm's `lib/backend/ndb/rpmpkg.c`).
struct RPMSlots {
    private static let magic = Array("RpmP".utf8)
    private static let slotMagic = Array("Slot".utf8)
    private static let blobMagic = Array("BlbS".utf8)
    private static let pageSize: Int64 = 4096
    private static let block: Int64 = 16
    /// Slots for a million packages.
    private static let most: UInt64 = 4096

    private let file: any RandomBytes
    private let slots: [UInt8]

    /// nil for what is none.
    init?(_ file: some RandomBytes) throws(ReadProblem) {
        guard let head = try? file.bytes(at: 0, 32), head.starts(with: Self.magic) else { return nil }
        let numbers = ElfNumbers(bytes: head, isBigEndian: false)
        guard numbers.at(4, 4) == 0 else { throw ReadProblem("it is of a version that is not known here") }
        let pages = numbers.at(12, 4)
        guard pages >= 1, pages <= Self.most else { throw SQLiteTable.damaged }
        do { slots = try file.bytes(at: 0, Int64(pages) * Self.pageSize) } catch {
            throw ReadProblem("it is cut off")
        }
        self.file = file
    }

    func blobs(
        limit: Int64,
        _ body: ([UInt8]) throws(ReadProblem) -> Void
    ) throws(ReadProblem) {
        // A block belongs to one package; more than the file has are a trick.
        var left = file.size
        for place in stride(from: 32, to: slots.count, by: Int(Self.block)) {
            let slot = Array(slots[place..<place + Int(Self.block)])
            let numbers = ElfNumbers(bytes: slot, isBigEndian: false)
            guard slot.starts(with: Self.slotMagic) else { throw SQLiteTable.damaged }
            let package = numbers.at(4, 4)
            guard package != 0 else { continue }
            let (offset, size) = (Int64(numbers.at(8, 4)) * Self.block, Int64(numbers.at(12, 4)) * Self.block)
            left -= size
            guard left >= 0, let head = try? file.bytes(at: offset, Self.block) else {
                throw SQLiteTable.damaged
            }
            let facts = ElfNumbers(bytes: head, isBigEndian: false)
            let length = Int64(facts.at(12, 4))
            guard head.starts(with: Self.blobMagic), facts.at(4, 4) == package, length <= size - Self.block,
                length <= limit, let blob = try? file.bytes(at: offset + Self.block, length)
            else { throw SQLiteTable.damaged }
            try body(blob)
        }
    }
}
