/// A line, or a part of a long one. The parts overlap, so that what an end cuts through is whole in the part beside it.
struct LinePiece {
    let bytes: ArraySlice<UInt8>
    /// Whether the line begins with it, and ends with it.
    let isStart: Bool
    let isEnd: Bool

    private static let size = 2048
    private static let overlap = 512
    /// A value that is cut off counts from this length on; a shorter one is whole in the next part.
    static let longValue = overlap / 2

    static func all(of line: ArraySlice<UInt8>) -> [LinePiece] {
        guard line.count > size else { return [LinePiece(bytes: line, isStart: true, isEnd: true)] }
        var pieces: [LinePiece] = []
        var start = line.startIndex
        while true {
            let end = min(start + size, line.endIndex)
            pieces.append(
                LinePiece(
                    bytes: line[start..<end],
                    isStart: start == line.startIndex,
                    isEnd: end == line.endIndex
                )
            )
            if end == line.endIndex { return pieces }
            start = end - overlap
        }
    }

    /// Whether the text has a part of a word that passwords go by. Most has none, and is not looked at any closer.
    var mayHoldSecret: Bool {
        let marks = Self.marks
        return bytes.withUnsafeBufferPointer { bytes -> Bool in
            for place in bytes.indices {
                let words = marks[Int(bytes[place] | 0x20)]
                if !words.isEmpty, words.contains(where: { Self.isAt(place, in: bytes, $0) }) { return true }
            }
            return false
        }
    }

    private static func isAt(_ place: Int, in bytes: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
        guard bytes.count - place >= word.count else { return false }
        return word.indices.allSatisfy { bytes[place + $0] | 0x20 == word[$0] }
    }

    /// By their first byte; in small letters, and the other bytes with the same bit set.
    private static let marks: [[[UInt8]]] = {
        var marks = [[[UInt8]]](repeating: [], count: 256)
        for word in ["pass", "pw", "secret", "token", "cred", "key", "auth", "://", "-u", "-p"] {
            let bytes = word.utf8.map { $0 | 0x20 }
            marks[Int(bytes[0])].append(bytes)
        }
        return marks
    }()
}
