/// The order of PEP 440 (appendix B is its grammar), as the key of `packaging.version.Version` gives it: epoch, release without trailing
/// zeros, then development releases before pre-releases before the release before post-releases.
enum PythonOrder {
    static func key(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> VersionKey {
        var cursor = ByteCursor(bytes.map(\.lowercased)[...])
        var writer = KeyWriter()
        _ = cursor.take("v")
        var number = cursor.digits()
        guard !number.isEmpty else { throw .expected("a number") }
        if cursor.take("!") {
            writer.number(number)
            number = cursor.digits()
            guard !number.isEmpty else { throw .expected("a number after the epoch") }
        } else {
            writer.number([])
        }
        writeRelease(first: number, &cursor, to: &writer)
        let pre = preRelease(&cursor)
        let post = postRelease(&cursor)
        let dev = tag(["dev"], &cursor)?.number
        write(pre: pre, post: post, dev: dev, to: &writer)
        try writeLocal(&cursor, to: &writer)
        guard cursor.isAtEnd else { throw .character }
        return writer.key
    }

    private static func writeRelease(
        first: ArraySlice<UInt8>,
        _ cursor: inout ByteCursor,
        to writer: inout KeyWriter
    ) {
        var numbers = [first]
        while cursor.next == UInt8(ascii: "."), cursor.afterNext?.isDigit == true {
            cursor.skip()
            numbers.append(cursor.digits())
        }
        while let last = numbers.last, last.allSatisfy({ $0 == UInt8(ascii: "0") }) { numbers.removeLast() }
        for number in numbers {
            writer.mark(2)
            writer.number(number)
        }
        writer.mark(1)
    }

    private static func preRelease(_ cursor: inout ByteCursor) -> (rank: UInt8, number: ArraySlice<UInt8>)? {
        let words = ["alpha", "a", "beta", "b", "preview", "pre", "rc", "c"]
        guard let (word, number) = tag(words, &cursor) else { return nil }
        let rank: UInt8 =
            switch word {
            case "alpha", "a": 1
            case "beta", "b": 2
            default: 3
            }
        return (rank, number)
    }

    /// `.post1`, `-r2`, or the bare `-3`.
    private static func postRelease(_ cursor: inout ByteCursor) -> ArraySlice<UInt8>? {
        if cursor.next == UInt8(ascii: "-"), cursor.afterNext?.isDigit == true {
            cursor.skip()
            return cursor.digits()
        }
        return tag(["post", "rev", "r"], &cursor)?.number
    }

    /// A word with its number, each after a separator that may be missing.
    private static func tag(
        _ words: [String],
        _ cursor: inout ByteCursor
    ) -> (word: String, number: ArraySlice<UInt8>)? {
        var look = cursor
        if look.next.map(isSeparator) == true { look.skip() }
        guard let word = words.first(where: { look.take($0) }) else { return nil }
        cursor = look
        if cursor.next.map(isSeparator) == true, endsTag(cursor.afterNext) { cursor.skip() }
        return (word, cursor.digits())
    }

    /// Whether a separator before this belongs to the word in front of it: a number follows, or nothing that has one of its own (`1.0a.`).
    private static func endsTag(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte.isDigit || byte == UInt8(ascii: "+") || isSeparator(byte)
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { ".-_".utf8.contains(byte) }

    private static func write(
        pre: (rank: UInt8, number: ArraySlice<UInt8>)?,
        post: ArraySlice<UInt8>?,
        dev: ArraySlice<UInt8>?,
        to writer: inout KeyWriter
    ) {
        if let pre {
            writer.mark(pre.rank)
            writer.number(pre.number)
        } else {
            writer.mark(post == nil && dev != nil ? 0 : 4)
        }
        writer.mark(post == nil ? 0 : 1)
        if let post { writer.number(post) }
        writer.mark(dev == nil ? 1 : 0)
        if let dev { writer.number(dev) }
    }

    private static func writeLocal(
        _ cursor: inout ByteCursor,
        to writer: inout KeyWriter
    ) throws(VersionSyntaxError) {
        if cursor.take("+") {
            repeat {
                let segment = cursor.take { $0.isDigit || $0.isLowercase }
                guard !segment.isEmpty else { throw .expected("a local segment") }
                if segment.allSatisfy(\.isDigit) {
                    writer.mark(2)
                    writer.number(segment)
                } else {
                    writer.mark(1)
                    writer.text(segment)
                }
            } while cursor.take(".") || cursor.take("-") || cursor.take("_")
        }
        writer.mark(0)
    }
}
