/// A package that one of a distribution's brought: a Python package in a Debian package.
package struct BroughtPackage: Sendable, Hashable {
    package var package: InventoryPackage
    /// The distribution's, whose files told of it.
    package var owner: InventoryPackage

    package init(_ package: InventoryPackage, owner: InventoryPackage) {
        self.package = package
        self.owner = owner
    }
}

/// Whose word counts about what a distribution's package brought: the distribution's, which knows of fixes that were taken back into
/// older versions, where its advisories ever spoke of the package's source. Of a vendor's package they say nothing, however
/// vulnerable it is, so that what it brought is judged by itself, as far as the database knows of such packages.
package struct BroughtJudge: Sendable {
    private let database: AdvisoryDatabase
    private var known: [InventoryPackage: Bool] = [:]
    private var ecosystems: [Ecosystem: Bool] = [:]

    package init(_ database: AdvisoryDatabase) {
        self.database = database
    }

    /// Those that advisories of their own ecosystems are to be held against, each once: where several brought the same, one that
    /// nobody spoke of is enough.
    package mutating func judged(
        _ brought: [BroughtPackage]
    ) throws(DatabaseError) -> [InventoryPackage] {
        var (judged, seen): ([InventoryPackage], Set<InventoryPackage>) = ([], [])
        for one in brought where !seen.contains(one.package) {
            guard try isKnown(one.package.ecosystem), try !isSpokenOf(one.owner) else { continue }
            seen.insert(one.package)
            judged.append(one.package)
        }
        return judged
    }

    private mutating func isKnown(_ ecosystem: Ecosystem) throws(DatabaseError) -> Bool {
        if let known = ecosystems[ecosystem] { return known }
        let isKnown = try database.ecosystem(ecosystem) != nil
        ecosystems[ecosystem] = isKnown
        return isKnown
    }

    private mutating func isSpokenOf(_ owner: InventoryPackage) throws(DatabaseError) -> Bool {
        if let known = known[owner] { return known }
        let isSpokenOf = try look(for: owner)
        known[owner] = isSpokenOf
        return isSpokenOf
    }

    private func look(for owner: InventoryPackage) throws(DatabaseError) -> Bool {
        guard let ecosystem = try database.ecosystem(owner.ecosystem) else { return false }
        for subject in owner.subjects {
            let name = Array(owner.ecosystem.normalized(subject.name).utf8)
            if try !database.entries(of: name, among: ecosystem.packages).isEmpty { return true }
        }
        return false
    }
}
