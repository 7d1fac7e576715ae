/// A semantic version of which the last numbers may be missing or `x`, as ranges have them.
struct PartialVersion {
    var numbers: [UInt64] = []
    var prerelease: [ArraySlice<UInt8>] = []

    /// Past this npm reads no number either.
    private static let greatest: UInt64 = 9_007_199_254_740_991

    init(numbers: [UInt64]) {
        self.numbers = numbers
    }

    /// `1.2.3-a`, `1.2`, `1.x`, `*`.
    init(_ cursor: inout ByteCursor) throws(VersionSyntaxError) {
        while cursor.take("v") || cursor.take("V") || cursor.take("=") {}
        var isOpen = false
        repeat {
            if cursor.take("x") || cursor.take("X") || cursor.take("*") {
                isOpen = true
                continue
            }
            let digits = cursor.digits()
            guard !digits.isEmpty, let number = UInt64(String(decoding: digits, as: UTF8.self)),
                number <= Self.greatest
            else { throw .expected("a number") }
            if !isOpen { numbers.append(number) }
            guard numbers.count <= 3 else { throw .expected("at most three numbers") }
        } while cursor.take(".")
        if cursor.take("-") { prerelease = try SemanticComparator.identifiers(&cursor) }
        if cursor.take("+") { _ = try SemanticComparator.identifiers(&cursor) }
        if numbers.count < 3 { prerelease = [] }
    }

    var isFull: Bool { numbers.count == 3 }

    /// With zeros for what is missing.
    var key: VersionKey { Self.key(padded, prerelease) }
    var padded: [UInt64] { numbers + Array(repeating: 0, count: 3 - numbers.count) }

    /// The lowest version of all with these numbers: its pre-release `0`.
    static func floor(_ numbers: [UInt64]) -> VersionKey {
        key(numbers, [ArraySlice("0".utf8)])
    }

    /// The numbers after all that begin as these `count` do.
    func after(_ count: Int) -> [UInt64] {
        guard count > 0 else { return [0, 0, 0] }
        var next = Array(padded.prefix(count))
        next[count - 1] += 1
        return next + Array(repeating: 0, count: 3 - count)
    }

    private static func key(_ numbers: [UInt64], _ prerelease: [ArraySlice<UInt8>]) -> VersionKey {
        SemanticOrder.key(.init(numbers: numbers.map { ArraySlice(String($0).utf8) }, prerelease: prerelease))
    }
}

/// One comparator of a range: an operator and a version that may be partial.
struct SemanticComparator {
    enum Operator {
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual
        case exact
        case tilde
        case caret
    }

    let relation: Operator
    let version: PartialVersion

    /// The versions that it holds; nil when none.
    var interval: VersionInterval? {
        let numbers = version.numbers
        switch relation {
        case .exact:
            if version.isFull { return .init(lower: from, upper: .init(version.key, isInclusive: true)) }
            return numbers.isEmpty ? .init() : .init(lower: from, upper: below(version.after(numbers.count)))
        case .tilde:
            return numbers.isEmpty
                ? .init() : .init(lower: from, upper: below(version.after(min(2, numbers.count))))
        case .caret:
            // The first number that is not zero stays, or the last one that is given.
            let first = numbers.firstIndex { $0 != 0 }.map { $0 + 1 } ?? numbers.count
            return numbers.isEmpty ? .init() : .init(lower: from, upper: below(version.after(first)))
        case .greaterOrEqual: return numbers.isEmpty ? .init() : .init(lower: from)
        case .greater:
            if version.isFull { return .init(lower: .init(version.key, isInclusive: false)) }
            if numbers.isEmpty { return nil }
            return .init(
                lower: .init(PartialVersion(numbers: version.after(numbers.count)).key, isInclusive: true)
            )
        case .lessOrEqual:
            if version.isFull { return .init(upper: .init(version.key, isInclusive: true)) }
            return numbers.isEmpty ? .init() : .init(upper: below(version.after(numbers.count)))
        case .less:
            if version.isFull { return .init(upper: .init(version.key, isInclusive: false)) }
            return numbers.isEmpty ? nil : .init(upper: below(version.padded))
        }
    }

    private var from: VersionInterval.Bound { .init(version.key, isInclusive: true) }

    private func below(_ numbers: [UInt64]) -> VersionInterval.Bound {
        .init(PartialVersion.floor(numbers), isInclusive: false)
    }

    /// The operator in front, if there is one.
    static func takeOperator(_ cursor: inout ByteCursor) -> Operator? {
        if cursor.take(">=") { return .greaterOrEqual }
        if cursor.take("<=") { return .lessOrEqual }
        if cursor.take("~>") || cursor.take("~") { return .tilde }
        if cursor.take(">") { return .greater }
        if cursor.take("<") { return .less }
        if cursor.take("^") { return .caret }
        if cursor.take("=") { return .exact }
        return nil
    }

    static func identifiers(_ cursor: inout ByteCursor) throws(VersionSyntaxError) -> [ArraySlice<UInt8>] {
        var identifiers: [ArraySlice<UInt8>] = []
        repeat {
            let identifier = cursor.take { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
            guard !identifier.isEmpty else { throw .expected("an identifier") }
            identifiers.append(identifier)
        } while cursor.take(".")
        return identifiers
    }
}
