/// The order of apk-tools 3 (`version.c`): `digit{.digit}{letter}{_suffix{number}}{~hash}{-r#}`.
///
/// Where one version goes on and the other ends, the longer is greater, unless it goes on with the suffix of a pre-release. Of two that go on
/// differently, the one with the earlier kind of part is greater.
enum AlpineOrder {
    /// In the order of the keys, the reverse of apk's tokens.
    private enum Mark {
        static let preRelease: UInt8 = 1
        static let end: UInt8 = 2
        static let revision: UInt8 = 3
        static let commit: UInt8 = 4
        static let suffixNumber: UInt8 = 5
        static let suffix: UInt8 = 6
        static let letter: UInt8 = 7
        static let number: UInt8 = 8
    }

    private static let before = ["alpha", "beta", "pre", "rc"]
    private static let after = ["cvs", "svn", "git", "hg", "p"]

    static func key(_ bytes: ArraySlice<UInt8>) throws(VersionSyntaxError) -> VersionKey {
        var cursor = ByteCursor(bytes)
        var writer = KeyWriter()
        let first = cursor.digits()
        guard !first.isEmpty else { throw .expected("a number") }
        writer.number(first)
        while cursor.take(".") { try writeNumber(&cursor, to: &writer) }
        if let letter = cursor.next, letter.isLowercase {
            cursor.skip()
            writer.mark(Mark.letter)
            writer.mark(letter)
        }
        while cursor.take("_") { try writeSuffix(&cursor, to: &writer) }
        if cursor.take("~") {
            let hash = cursor.take { $0.isHexDigit }
            guard !hash.isEmpty else { throw .expected("a commit") }
            writer.mark(Mark.commit)
            writer.text(hash)
        }
        if cursor.take("-r") {
            let revision = cursor.digits()
            guard !revision.isEmpty else { throw .expected("a revision") }
            writer.mark(Mark.revision)
            writer.number(revision)
        }
        guard cursor.isAtEnd else { throw .character }
        writer.mark(Mark.end)
        return writer.key
    }

    /// Numbers that begin with a zero are compared as text, and so are before all that do not.
    private static func writeNumber(
        _ cursor: inout ByteCursor,
        to writer: inout KeyWriter
    ) throws(VersionSyntaxError) {
        let digits = cursor.digits()
        guard !digits.isEmpty else { throw .expected("a number after the dot") }
        writer.mark(Mark.number)
        if digits.first == UInt8(ascii: "0") {
            writer.mark(1)
            writer.text(digits)
        } else {
            writer.mark(2)
            writer.number(digits)
        }
    }

    private static func writeSuffix(
        _ cursor: inout ByteCursor,
        to writer: inout KeyWriter
    ) throws(VersionSyntaxError) {
        let name = String(decoding: cursor.take { $0.isLowercase }, as: UTF8.self)
        if let place = before.firstIndex(of: name) {
            writer.mark(Mark.preRelease)
            writer.mark(UInt8(place))
        } else if let place = after.firstIndex(of: name) {
            writer.mark(Mark.suffix)
            writer.mark(UInt8(place))
        } else {
            throw .expected("a suffix that apk knows")
        }
        let number = cursor.digits()
        guard !number.isEmpty else { return }
        writer.mark(Mark.suffixNumber)
        writer.number(number)
    }
}
