/// A stretch of versions between two bounds, of which either may be missing.
package struct VersionInterval: Sendable, Hashable {
    package struct Bound: Sendable, Hashable {
        package var key: VersionKey
        package var isInclusive: Bool

        package init(_ key: VersionKey, isInclusive: Bool) {
            self.key = key
            self.isInclusive = isInclusive
        }
    }

    /// nil: from the very first version.
    package var lower: Bound?
    /// nil: without an end.
    package var upper: Bound?
    /// The version that ends it for the better, as its source wrote it.
    package var fixed: String?

    package init(lower: Bound? = nil, upper: Bound? = nil, fixed: String? = nil) {
        self.lower = lower
        self.upper = upper
        self.fixed = fixed
    }

    package func contains(_ key: VersionKey) -> Bool {
        if let lower, lower.isInclusive ? key < lower.key : key <= lower.key { return false }
        if let upper, upper.isInclusive ? key > upper.key : key >= upper.key { return false }
        return true
    }

    var isEmpty: Bool {
        guard let lower, let upper else { return false }
        return lower.key > upper.key || (lower.key == upper.key && !(lower.isInclusive && upper.isInclusive))
    }

    /// What both hold; nil when that is nothing.
    func intersection(_ other: VersionInterval) -> VersionInterval? {
        var result = self
        if let bound = other.lower, result.lower.map({ Self.isLater(bound, $0) }) ?? true {
            result.lower = bound
        }
        if let bound = other.upper, result.upper.map({ Self.isEarlier(bound, $0) }) ?? true {
            result.upper = bound
            result.fixed = other.fixed
        }
        return result.isEmpty ? nil : result
    }

    private static func isLater(_ bound: Bound, _ other: Bound) -> Bool {
        bound.key == other.key ? !bound.isInclusive && other.isInclusive : bound.key > other.key
    }

    private static func isEarlier(_ bound: Bound, _ other: Bound) -> Bool {
        bound.key == other.key ? !bound.isInclusive && other.isInclusive : bound.key < other.key
    }

    /// What none of the intervals holds, in order; what ends a gap is the beginning of the interval after it.
    static func gaps(between intervals: [(interval: VersionInterval, start: String?)]) -> [VersionInterval] {
        let sorted = intervals.sorted { left, right in
            guard let a = left.interval.lower else { return right.interval.lower != nil }
            guard let b = right.interval.lower else { return false }
            return a.key == b.key ? a.isInclusive && !b.isInclusive : a.key < b.key
        }
        var gaps: [VersionInterval] = []
        var start: Bound?
        for (interval, text) in sorted {
            if let lower = interval.lower {
                let upper = Bound(lower.key, isInclusive: !lower.isInclusive)
                let gap = VersionInterval(lower: start, upper: upper, fixed: lower.isInclusive ? text : nil)
                if !gap.isEmpty { gaps.append(gap) }
            }
            guard let end = interval.upper else { return gaps }
            let next = Bound(end.key, isInclusive: !end.isInclusive)
            if start.map({ isLater(next, $0) }) ?? true { start = next }
        }
        gaps.append(VersionInterval(lower: start))
        return gaps
    }
}
