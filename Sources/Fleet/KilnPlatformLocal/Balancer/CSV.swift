/// Rows of comma-separated cells (RFC 4180).
enum CSV {
    /// Cells between quotes may hold commas, line ends and doubled quotes: some are text that an instance sent.
    static func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        func take() {
            row.append(String(decoding: cell, as: UTF8.self))
            cell = []
        }
        for byte in text.utf8 {
            switch byte {
            // A doubled quote ends the quotes and begins them again: it is put back then.
            case UInt8(ascii: "\""):
                if !isQuoted, !cell.isEmpty { cell.append(byte) }
                isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted: take()
            case UInt8(ascii: "\n") where !isQuoted:
                take()
                if row != [""] { rows.append(row) }
                row = []
            default: cell.append(byte)
            }
        }
        if !cell.isEmpty || !row.isEmpty {
            take()
            rows.append(row)
        }
        return rows
    }
}
