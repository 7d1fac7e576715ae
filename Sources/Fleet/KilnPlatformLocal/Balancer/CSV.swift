/// Rows of comma-separated cells (RFC 4180).
enum CSV {
    static func rows(_ text: String) -> [[String]] {
        let cells = CSVCells(text)
        return cells.rows.map { $0.map(cells.text) }
    }
}

/// The same, with cells that are read when they are asked for.
struct CSVCells {
    private let bytes: [UInt8]
    /// Where the cells of each row stand.
    private(set) var rows: [[Range<Int>]] = []

    /// Cells between quotes may hold commas, line ends and doubled quotes: some are text that an instance sent.
    init(_ text: String) {
        bytes = Array(text.utf8)
        var row: [Range<Int>] = []
        var start = 0
        var isQuoted = false
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                row.append(start..<index)
                start = index + 1
            case UInt8(ascii: "\n") where !isQuoted:
                row.append(start..<index)
                start = index + 1
                if row.count > 1 || !row[0].isEmpty { rows.append(row) }
                row = []
            default: break
            }
        }
        if start < bytes.count || !row.isEmpty { rows.append(row + [start..<bytes.count]) }
    }

    func text(_ cell: Range<Int>) -> String {
        guard bytes[cell].contains(UInt8(ascii: "\"")) else {
            return String(decoding: bytes[cell], as: UTF8.self)
        }
        var text: [UInt8] = []
        var isQuoted = false
        for byte in bytes[cell] {
            // A doubled quote ends the quotes and begins them again: it is put back then.
            if byte == UInt8(ascii: "\"") {
                if !isQuoted, !text.isEmpty { text.append(byte) }
                isQuoted.toggle()
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
