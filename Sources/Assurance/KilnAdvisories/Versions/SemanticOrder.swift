/// The order of Semantic Versioning 2.0.0 (section 11): numbers, then a pre-release before its release; build metadata does not count.
enum SemanticOrder {
    /// What a version or a part of one says.
    struct Parts {
        /// One to four numbers, as written.
        var numbers: [ArraySlice<UInt8>] = []
        var prerelease: [ArraySlice<UInt8>] = []
    }

    /// npm and the loose form read a leading `v` or `=`, Go a leading `v`; missing numbers are zeros, as OSV's databases leave them out.
    static func key(
        _ bytes: ArraySlice<UInt8>,
        scheme: VersionScheme
    ) throws(VersionSyntaxError) -> VersionKey {
        var cursor = ByteCursor(bytes)
        switch scheme {
        case .go: _ = cursor.take("v")
        default: while cursor.take("v") || cursor.take("V") || cursor.take("=") {}
        }
        let parts = try parts(&cursor)
        guard cursor.isAtEnd else { throw .character }
        if scheme != .semantic, parts.numbers.count > 3 { throw .expected("at most three numbers") }
        return key(parts)
    }

    /// The strict form: three numbers without leading zeros, and nothing in front (semver.org, the grammar).
    static func isStrict(_ text: String) -> Bool {
        var cursor = ByteCursor(Array(text.utf8)[...])
        guard let parts = try? parts(&cursor), cursor.isAtEnd, parts.numbers.count == 3 else { return false }
        let numeric = parts.numbers + parts.prerelease.filter { $0.allSatisfy(\.isDigit) }
        return numeric.allSatisfy { $0.count == 1 || $0.first != UInt8(ascii: "0") }
    }

    static func parts(_ cursor: inout ByteCursor) throws(VersionSyntaxError) -> Parts {
        var parts = Parts()
        repeat {
            let digits = cursor.digits()
            guard !digits.isEmpty, parts.numbers.count < 4 else { throw .expected("a number") }
            parts.numbers.append(digits)
        } while cursor.take(".")
        if cursor.take("-") { parts.prerelease = try identifiers(&cursor) }
        if cursor.take("+") { _ = try identifiers(&cursor) }
        return parts
    }

    private static func identifiers(
        _ cursor: inout ByteCursor
    ) throws(VersionSyntaxError) -> [ArraySlice<UInt8>] {
        var identifiers: [ArraySlice<UInt8>] = []
        repeat {
            let identifier = cursor.take { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
            guard !identifier.isEmpty else { throw .expected("an identifier") }
            identifiers.append(identifier)
        } while cursor.take(".")
        return identifiers
    }

    static func key(_ parts: Parts) -> VersionKey {
        var writer = KeyWriter()
        for place in 0..<4 {
            if place < parts.numbers.count { writer.number(parts.numbers[place]) } else { writer.number([]) }
        }
        guard !parts.prerelease.isEmpty else {
            writer.mark(2)
            return writer.key
        }
        writer.mark(1)
        for identifier in parts.prerelease {
            if identifier.allSatisfy(\.isDigit) {
                writer.mark(1)
                writer.number(identifier)
            } else {
                writer.mark(2)
                writer.text(identifier)
            }
        }
        writer.mark(0)
        return writer.key
    }
}
