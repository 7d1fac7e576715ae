/// A range as npm writes it (node-semver 7, "Ranges"): sets of comparators of which all must hold, joined by `||`.
package struct NpmRange: Sendable {
    private struct ComparatorSet: Sendable {
        /// nil: nothing is in it.
        var interval: VersionInterval?
        /// Numbers of versions that the range itself names with a pre-release.
        var named: Set<[UInt64]> = []
    }

    private let sets: [ComparatorSet]

    package init(parsing text: String) throws(VersionSyntaxError) {
        guard text.utf8.count <= VersionScheme.longest else { throw .tooLong }
        var sets: [ComparatorSet] = []
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            sets.append(try Self.set(Array(part.utf8)))
        }
        self.sets = sets
    }

    /// The versions in the range, pre-releases by their place in the order alone: an advisory means those, too.
    package var intervals: [VersionInterval] { sets.compactMap(\.interval) }

    /// Whether npm takes the version for one of the range: a pre-release only where the range names one of the same numbers, unless `includingPrereleases`.
    package func contains(
        _ version: String,
        includingPrereleases: Bool = false
    ) throws(VersionSyntaxError) -> Bool {
        let key = try VersionScheme.npm.key(of: version)
        var cursor = ByteCursor(Array(version.utf8)[...])
        let parts = try PartialVersion(&cursor)
        return sets.contains { set in
            guard set.interval?.contains(key) == true else { return false }
            return includingPrereleases || parts.prerelease.isEmpty || set.named.contains(parts.padded)
        }
    }

    private static func set(_ bytes: [UInt8]) throws(VersionSyntaxError) -> ComparatorSet {
        var set = ComparatorSet(interval: VersionInterval())
        for comparator in try comparators(bytes) {
            if !comparator.version.prerelease.isEmpty { set.named.insert(comparator.version.padded) }
            guard let interval = comparator.interval else {
                set.interval = nil
                continue
            }
            set.interval = set.interval?.intersection(interval)
        }
        return set
    }

    private static func comparators(_ bytes: [UInt8]) throws(VersionSyntaxError) -> [SemanticComparator] {
        var cursor = ByteCursor(bytes[...])
        var comparators: [SemanticComparator] = []
        skipBlanks(&cursor)
        while !cursor.isAtEnd {
            let relation = SemanticComparator.takeOperator(&cursor)
            skipBlanks(&cursor)
            let version = try partial(&cursor)
            skipBlanks(&cursor)
            if relation == nil, comparators.isEmpty, cursor.next == UInt8(ascii: "-") {
                cursor.skip()
                guard cursor.next == UInt8(ascii: " ") else { throw .expected("a blank after the dash") }
                skipBlanks(&cursor)
                let last = try partial(&cursor)
                skipBlanks(&cursor)
                guard cursor.isAtEnd else { throw .expected("the end after the second version") }
                return [
                    SemanticComparator(relation: .greaterOrEqual, version: version),
                    SemanticComparator(relation: .lessOrEqual, version: last),
                ]
            }
            comparators.append(SemanticComparator(relation: relation ?? .exact, version: version))
        }
        return comparators
    }

    /// The version up to the next blank or operator.
    private static func partial(_ cursor: inout ByteCursor) throws(VersionSyntaxError) -> PartialVersion {
        let word = cursor.take { !" \t<>~^,".utf8.contains($0) }
        var inner = ByteCursor(word)
        let version = try PartialVersion(&inner)
        guard inner.isAtEnd else { throw .character }
        _ = cursor.take(",")
        return version
    }

    private static func skipBlanks(_ cursor: inout ByteCursor) {
        _ = cursor.take { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }
}
