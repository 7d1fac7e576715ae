/// dpkg's order (deb-version(7), "Sorting algorithm"): the epoch by number, then the upstream version, then the revision after the last `-`, each
/// in turns of a run without digits and a number.
enum DebianOrder {
    /// Sorts after `~` and before all else.
    private static let end: UInt8 = 2

    static func key(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> VersionKey {
        var writer = KeyWriter()
        var rest = bytes
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            let epoch = rest[..<colon]
            guard !epoch.isEmpty, epoch.count <= 10, epoch.allSatisfy(\.isDigit) else {
                throw .expected("a number before the colon")
            }
            writer.number(epoch)
            rest = rest[(colon + 1)...]
        } else {
            writer.number([])
        }
        let dash = rest.lastIndex(of: UInt8(ascii: "-"))
        let upstream = rest[..<(dash ?? rest.endIndex)]
        let revision = dash.map { rest[($0 + 1)...] }
        guard !upstream.isEmpty else { throw .expected("an upstream version") }
        guard revision?.isEmpty != true else { throw .expected("a revision after the dash") }
        guard rest.allSatisfy(belongs) else { throw .character }
        write(upstream, to: &writer)
        write(revision ?? [], to: &writer)
        return writer.key
    }

    private static func write(_ part: ArraySlice<UInt8>, to writer: inout KeyWriter) {
        var cursor = ByteCursor(part)
        repeat {
            for byte in cursor.take(while: { !$0.isDigit }) { writer.mark(rank(byte)) }
            writer.mark(end)
            writer.number(cursor.digits())
        } while !cursor.isAtEnd
        writer.mark(end)
    }

    /// `~`, the end, letters, and the rest.
    private static func rank(_ byte: UInt8) -> UInt8 {
        if byte == UInt8(ascii: "~") { return 1 }
        return byte.isLetter ? byte : byte + 128
    }

    private static func belongs(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || ".+-~:".utf8.contains(byte)
    }
}
