/// Comma-separated values (RFC 4180), the first row the names.
enum CommaSeparated {
    static func table(_ text: String) throws(ConversionError) -> HCLValue {
        var reader = Reader(bytes: Array(text.utf8))
        guard let names = try reader.row() else {
            throw ConversionError(message: "a line with the names is missing")
        }
        guard Set(names).count == names.count else {
            throw ConversionError(message: "two columns have one name")
        }
        var rows: [HCLValue] = []
        while let row = try reader.row() {
            guard row.count == names.count else {
                throw ConversionError(
                    message: "line \(reader.line) has \(row.count) fields, the first has \(names.count)"
                )
            }
            rows.append(.object(Dictionary(zip(names, row.map { .string($0) })) { first, _ in first }))
            try FunctionLimits.check(elements: rows.count * names.count)
        }
        let type = HCLType.object(Dictionary(names.map { ($0, .string) }) { first, _ in first })
        return .list(type, rows)
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0
        var line = 0

        /// Nil at the end; empty lines are passed over.
        mutating func row() throws(ConversionError) -> [String]? {
            while at < bytes.count, bytes[at] == 10 || bytes[at] == 13 { at += 1 }
            guard at < bytes.count else { return nil }
            line += 1
            var fields: [String] = []
            while true {
                fields.append(bytes[safe: at] == 34 ? try quoted() : try plain())
                if bytes[safe: at] == 44 {
                    at += 1
                    continue
                }
                if bytes[safe: at] == 13, bytes[safe: at + 1] == 10 { at += 1 }
                guard at >= bytes.count || bytes[at] == 10 else {
                    throw ConversionError(message: "line \(line): something stands behind a quoted field")
                }
                at += 1
                return fields
            }
        }

        private mutating func plain() throws(ConversionError) -> String {
            let start = at
            while at < bytes.count, bytes[at] != 44, bytes[at] != 10,
                !(bytes[at] == 13 && bytes[safe: at + 1] == 10)
            {
                guard bytes[at] != 34 else {
                    throw ConversionError(
                        message: "line \(line): a quote stands in a field that has none around it"
                    )
                }
                at += 1
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        private mutating func quoted() throws(ConversionError) -> String {
            at += 1
            var result: [UInt8] = []
            while at < bytes.count {
                if bytes[at] == 34 {
                    guard bytes[safe: at + 1] == 34 else {
                        at += 1
                        return String(decoding: result, as: UTF8.self)
                    }
                    at += 1
                }
                if bytes[at] != 13 || bytes[safe: at + 1] != 10 { result.append(bytes[at]) }
                at += 1
            }
            throw ConversionError(message: "line \(line): a quoted field is not closed")
        }
    }
}

extension [UInt8] {
    fileprivate subscript(safe index: Int) -> UInt8? { index < count ? self[index] : nil }
}
