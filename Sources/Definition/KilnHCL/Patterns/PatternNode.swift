/// A regular expression as a tree (RE2's syntax: github.com/google/re2, "Syntax").
indirect enum PatternNode: Sendable {
    case empty
    case set(ScalarSet)
    case assertion(Assertion)
    case sequence([PatternNode])
    case choice([PatternNode])
    case group(PatternNode, capture: Int)
    /// `most` is nil without a bound.
    case repetition(PatternNode, least: Int, most: Int?, isGreedy: Bool)

    enum Assertion: Sendable {
        case textStart
        case textEnd
        case lineStart
        case lineEnd
        case wordBoundary
        case noWordBoundary
    }

    /// Whether it can match without taking a character.
    var canBeEmpty: Bool {
        switch self {
        case .empty, .assertion: true
        case .set: false
        case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
        case .choice(let parts): parts.contains(where: \.canBeEmpty)
        case .group(let inner, _): inner.canBeEmpty
        case .repetition(let inner, let least, _, _): least == 0 || inner.canBeEmpty
        }
    }
}

/// Which scalars stand at a place of a match.
struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var categories: [Category] = []
    var isNegated = false
    /// Whether upper and lower case are one.
    var foldsCase = false

    struct Category: Sendable {
        /// `L`, `Lu`, `Nd`, …
        let name: String
        let isNegated: Bool
    }

    func contains(_ scalar: UInt32) -> Bool {
        var found = holds(scalar)
        if !found, foldsCase, let value = Unicode.Scalar(scalar) {
            let properties = value.properties
            for text in [properties.lowercaseMapping, properties.uppercaseMapping] {
                let scalars = text.unicodeScalars
                if let other = scalars.first, scalars.count == 1, holds(other.value) { found = true }
            }
        }
        return found != isNegated
    }

    private func holds(_ scalar: UInt32) -> Bool {
        for range in ranges where range.contains(scalar) { return true }
        return categories.contains { $0.contains(scalar) }
    }
}

extension ScalarSet.Category {
    static let known: Set<String> = Set(names.flatMap { [$0.value, String($0.value.prefix(1))] } + ["Any"])

    fileprivate func contains(_ scalar: UInt32) -> Bool {
        guard let value = Unicode.Scalar(scalar) else { return isNegated }
        let category = Self.names[value.properties.generalCategory] ?? "Cn"
        return (name == "Any" || category == name || category.prefix(1) == name) != isNegated
    }

    private static let names: [Unicode.GeneralCategory: String] = [
        .uppercaseLetter: "Lu", .lowercaseLetter: "Ll", .titlecaseLetter: "Lt", .modifierLetter: "Lm",
        .otherLetter: "Lo", .nonspacingMark: "Mn", .spacingMark: "Mc", .enclosingMark: "Me",
        .decimalNumber: "Nd", .letterNumber: "Nl", .otherNumber: "No", .connectorPunctuation: "Pc",
        .dashPunctuation: "Pd", .openPunctuation: "Ps", .closePunctuation: "Pe",
        .initialPunctuation: "Pi", .finalPunctuation: "Pf", .otherPunctuation: "Po", .mathSymbol: "Sm",
        .currencySymbol: "Sc", .modifierSymbol: "Sk", .otherSymbol: "So", .spaceSeparator: "Zs",
        .lineSeparator: "Zl", .paragraphSeparator: "Zp", .control: "Cc", .format: "Cf",
        .surrogate: "Cs", .privateUse: "Co",
    ]
}
