/// Where a sparse file's bytes lie in it; between them are zeros. GNU tar writes the map into the header ("old GNU format") or, as
/// pax 0.1 and 1.0, into the extended header or before the content (GNU tar manual, "Storing Sparse Files").
struct SparseFile: Equatable {
    struct Segment: Equatable {
        let offset: Int64
        let count: Int64
        var end: Int64 { offset + count }
    }

    let size: Int64
    private let segments: [Segment]
    private var position: Int64 = 0
    /// The segment that the position is in, or before.
    private var index = 0

    static let segmentLimit = 1 << 20

    /// nil for segments that overlap, go back, pass the end, or are other bytes than the archive has.
    init?(size: Int64, segments: [Segment], stored: Int64) {
        var end: Int64 = 0
        var total: Int64 = 0
        for segment in segments {
            guard segment.offset >= end, segment.count >= 0, segment.offset <= size,
                segment.count <= size - segment.offset
            else { return nil }
            end = segment.end
            total += segment.count
        }
        guard size >= 0, total == stored else { return nil }
        self.size = size
        self.segments = segments.filter { $0.count > 0 }
    }

    enum Piece: Equatable {
        case zeros(Int64)
        case bytes(Int64)
    }

    /// What comes next; nil at the end.
    func next() -> Piece? {
        guard position < size else { return nil }
        guard index < segments.count else { return .zeros(size - position) }
        let segment = segments[index]
        return position < segment.offset
            ? .zeros(segment.offset - position) : .bytes(segment.end - position)
    }

    mutating func advance(_ count: Int64) {
        position += count
        while index < segments.count, segments[index].end <= position { index += 1 }
    }

    // MARK: - Maps

    /// `offset,count,offset,count,…` of pax 0.1.
    static func segments(ofList text: [UInt8]) -> [Segment]? {
        pairs(text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(number))
    }

    static func pairs(_ numbers: [Int64?]) -> [Segment]? {
        guard numbers.count % 2 == 0, numbers.count / 2 <= segmentLimit else { return nil }
        var segments: [Segment] = []
        for place in stride(from: 0, to: numbers.count, by: 2) {
            guard let offset = numbers[place], let count = numbers[place + 1] else { return nil }
            segments.append(Segment(offset: offset, count: count))
        }
        return segments
    }

    static func number(_ digits: some Collection<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
}

extension TarBlock {
    /// Of the old GNU form: up to four segments, whether blocks with more follow, and the file's size.
    func sparse() throws(ArchiveError) -> (segments: [SparseFile.Segment], isExtended: Bool, size: Int64) {
        let segments = try Self.segments(raw[386..<482], at: offset)
        return (segments, raw[482] != 0, try Self.number(raw[483..<495], "sparse size", at: offset))
    }

    /// 24 bytes each, up to the first that is empty.
    static func segments(
        _ bytes: ArraySlice<UInt8>,
        at offset: Int64
    ) throws(ArchiveError) -> [SparseFile.Segment] {
        var segments: [SparseFile.Segment] = []
        var place = bytes.startIndex
        while place + 24 <= bytes.endIndex, bytes[place] != 0 {
            let count = try number(bytes[place + 12..<place + 24], "sparse map", at: offset)
            let start = try number(bytes[place..<place + 12], "sparse map", at: offset)
            segments.append(SparseFile.Segment(offset: start, count: count))
            place += 24
        }
        return segments
    }
}
