/// RPM's order of `epoch:version-release` (rpm-version(7)): by epoch, then by `rpmvercmp` of version and release, in which `~` comes before the end
/// and `^` after it, words before numbers, and every other character only separates.
enum RPMOrder {
    private enum Mark {
        static let tilde: UInt8 = 1
        static let end: UInt8 = 2
        static let caret: UInt8 = 3
        static let word: UInt8 = 4
        static let number: UInt8 = 5
    }

    static func key(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> VersionKey {
        var writer = KeyWriter()
        var rest = bytes
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            let epoch = rest[..<colon]
            guard !epoch.isEmpty, epoch.allSatisfy(\.isDigit) else {
                throw .expected("a number before the colon")
            }
            writer.number(epoch)
            rest = rest[(colon + 1)...]
        } else {
            writer.number([])
        }
        let dash = rest.lastIndex(of: UInt8(ascii: "-"))
        guard rest[..<(dash ?? rest.endIndex)].contains(where: { $0.isDigit || $0.isLetter }) else {
            throw .expected("a version")
        }
        write(rest[..<(dash ?? rest.endIndex)], to: &writer)
        write(dash.map { rest[($0 + 1)...] } ?? [], to: &writer)
        return writer.key
    }

    private static func write(_ part: ArraySlice<UInt8>, to writer: inout KeyWriter) {
        var cursor = ByteCursor(part)
        while let byte = cursor.next {
            if byte.isDigit {
                writer.mark(Mark.number)
                writer.number(cursor.digits())
            } else if byte.isLetter {
                writer.mark(Mark.word)
                writer.text(cursor.take { $0.isLetter })
            } else {
                cursor.skip()
                if byte == UInt8(ascii: "~") { writer.mark(Mark.tilde) }
                if byte == UInt8(ascii: "^") { writer.mark(Mark.caret) }
            }
        }
        writer.mark(Mark.end)
    }
}
