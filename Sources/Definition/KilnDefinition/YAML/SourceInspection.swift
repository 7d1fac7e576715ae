import KilnDiagnostics

/// What is looked at before the YAML parser sees a text: size, characters, and aliases, which could make the parser
/// work on far more than was written.
enum SourceInspection {
    /// An alias may be real or stand in a text or comment; this many of either are let through to the parser, which
    /// tells them apart.
    private static let aliasLimit = 8

    static func passes(_ reading: inout Reading) -> Bool {
        let text = reading.lines.source.text
        guard text.utf8.count <= YAMLDocument.byteLimit else {
            reading.report(
                "too-large",
                "the definition has more than \(YAMLDocument.byteLimit >> 20) MiB",
                at: reading.lines.span(YAMLPlace(line: 1, column: 1))
            )
            return false
        }
        if let offset = firstUnreadable(in: text) {
            reading.report(
                "character",
                "a control character, which a definition cannot hold",
                at: reading.lines.span(reading.lines.place(ofByte: offset)),
                hint: "delete it, or write it as an escape such as \"\\u0007\" in double quotes"
            )
            return false
        }
        return passesAliases(text, &reading)
    }

    /// The offset of the first byte of a character that YAML does not take, or that would break lines unseen: control
    /// characters, a carriage return on its own, U+0085, U+2028, U+2029, U+FFFE, U+FFFF.
    private static func firstUnreadable(in text: String) -> Int? {
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch byte {
            case 9, 10: continue
            case 13 where next == 10: continue
            case 0..<32, 127: return index
            case 0xC2 where (0x80...0x9F).contains(next): return index
            case 0xE2
            where next == 0x80 && index + 2 < bytes.count && [0xA8, 0xA9].contains(bytes[index + 2]):
                return index
            case 0xEF where next == 0xBF && index + 2 < bytes.count && bytes[index + 2] >= 0xBE: return index
            default: continue
            }
        }
        return nil
    }

    /// The parser compares the keys of a mapping, and a key that holds aliases of aliases grows with each. Aliases
    /// elsewhere cost no more than they take to write.
    private static func passesAliases(_ text: String, _ reading: inout Reading) -> Bool {
        let bytes = Array(text.utf8)
        var anchors: Set<ArraySlice<UInt8>> = []
        var aliases: [Int] = []
        var hasComplexKey = false
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "&"), UInt8(ascii: "*"):
                guard index == 0 || " \t\n\r[{,:-?".utf8.contains(bytes[index - 1]) else { continue }
                let name = bytes[(index + 1)...].prefix(while: isNamePart)
                if bytes[index] == UInt8(ascii: "&") {
                    anchors.insert(name)
                } else if anchors.contains(name) {
                    aliases.append(index)
                    hasComplexKey = hasComplexKey || isKey(bytes[name.endIndex...])
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                hasComplexKey = hasComplexKey || isKey(bytes[(index + 1)...])
            case UInt8(ascii: "?"):
                hasComplexKey = hasComplexKey || startsContent(bytes[..<index])
            default: continue
            }
        }
        guard hasComplexKey, aliases.count > aliasLimit else { return true }
        reportAnchor(at: reading.lines.place(ofByte: aliases[aliasLimit]), &reading)
        return false
    }

    private static func isKey(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.first { $0 != UInt8(ascii: " ") && $0 != 9 } == UInt8(ascii: ":")
    }

    /// Whether a `?` after these bytes may introduce a key: at the start of a line, of an item, or of a flow's entry.
    private static func startsContent(_ before: ArraySlice<UInt8>) -> Bool {
        guard let last = before.last(where: { $0 != UInt8(ascii: " ") && $0 != 9 }) else { return true }
        if last == UInt8(ascii: "-") { return before.last != last }
        return "\n{[,?".utf8.contains(last)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 95: true
        default: false
        }
    }

    static func reportAnchor(at place: YAMLPlace, _ reading: inout Reading) {
        reading.report(
            "anchor",
            "anchors and aliases (& and *) are not read",
            at: reading.lines.span(place, scalars: reading.lines.wordLength(at: place)),
            hint:
                "write the value out where it is used; what images share belongs in an image that they stand on"
        )
    }
}
