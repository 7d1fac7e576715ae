/// A version requirement as Cargo writes it (The Cargo Book, "Specifying Dependencies"): comparators joined by commas; a bare version is a caret one.
package struct CargoRequirement: Sendable {
    /// The versions that meet it; nil when none do.
    package let interval: VersionInterval?
    /// The version that it begins with, as written, where it begins with one.
    package let start: String?

    package init(parsing text: String) throws(VersionSyntaxError) {
        guard text.utf8.count <= VersionScheme.longest else { throw .tooLong }
        var interval: VersionInterval? = VersionInterval()
        var start: String?
        for part in text.split(separator: ",") {
            let word = part.utf8.filter { $0 != UInt8(ascii: " ") }
            var cursor = ByteCursor(word[...])
            let relation = SemanticComparator.takeOperator(&cursor) ?? .caret
            let written = String(decoding: cursor.rest, as: UTF8.self)
            guard !written.isEmpty else { throw .expected("a version") }
            let comparator = SemanticComparator(relation: relation, version: try PartialVersion(&cursor))
            guard cursor.isAtEnd else { throw .character }
            guard let next = comparator.interval else {
                interval = nil
                continue
            }
            if next.lower?.isInclusive == true, relation != .greater { start = written }
            interval = interval?.intersection(next)
        }
        self.interval = interval
        self.start = start
    }
}
