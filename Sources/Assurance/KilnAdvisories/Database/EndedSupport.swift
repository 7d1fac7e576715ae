/// A source package that a distribution mends no more, although it still cares for the rest.
package struct EndedSupport: Sendable, Hashable, Comparable {
    package let ecosystem: Ecosystem
    /// The source's name; with `.*` at its end, all names that begin so.
    package let package: String
    /// The last version that had support.
    package let version: String
    package let day: CalendarDate
    package let reason: String

    package init(
        _ ecosystem: Ecosystem,
        _ package: String,
        version: String,
        day: CalendarDate,
        reason: String
    ) {
        self.ecosystem = ecosystem
        self.package = package
        self.version = version
        self.day = day
        self.reason = reason
    }

    func covers(_ installed: InventoryPackage) -> Bool {
        guard installed.ecosystem == ecosystem else { return false }
        let source = installed.source ?? installed.name
        return package.hasSuffix(".*") ? source.hasPrefix(package.dropLast(2)) : source == package
    }

    package static func < (left: EndedSupport, right: EndedSupport) -> Bool {
        if left.ecosystem != right.ecosystem { return left.ecosystem < right.ecosystem }
        if left.package != right.package { return left.package < right.package }
        if left.day != right.day { return left.day < right.day }
        return (left.version, left.reason) < (right.version, right.reason)
    }
}

/// A package that is installed and has no support any more.
package struct UnsupportedPackage: Sendable, Hashable {
    package let package: InventoryPackage
    package let support: EndedSupport
}

extension AdvisoryDatabase {
    /// In the order of ecosystems and names; some hundred at most.
    package func endedSupport() throws(DatabaseError) -> [EndedSupport] {
        var ended: [EndedSupport] = []
        for number in 0..<rows(of: .support) {
            let place = try row(.support, number)
            guard let day = CalendarDate(dayNumber: try self.number(place + 16)) else {
                throw DatabaseError(.corrupt("the day of an end of support"))
            }
            ended.append(
                EndedSupport(
                    Ecosystem(try text(self.number(place)) ?? ""),
                    try text(self.number(place + 4)) ?? "",
                    version: try text(self.number(place + 8)) ?? "",
                    day: day,
                    reason: try text(self.number(place + 12)) ?? ""
                )
            )
        }
        return ended
    }
}
