/// A vulnerability of a package.
package struct Finding: Sendable, Hashable {
    /// The advisory that says so.
    package let advisory: AdvisoryFacts
    /// The package that is installed.
    package let package: InventoryPackage
    /// What the advisory speaks of: the source package and its version, for distributions.
    package let subject: String
    package let installed: String
    /// The version from which on it is mended; nil when there is none yet.
    package let fixed: String?
    package let status: AdvisoryStatus
    /// The source's own word for the status, where there is no fix.
    package let reason: String?
    package let severity: Severity

    /// The name that it is known by: its CVE, where it has one.
    package var vulnerability: String { advisory.vulnerability }

    /// All names, for ignore lists and VEX.
    package var names: Set<String> { advisory.names }

    /// The worst first, then by name: the order of every report.
    package static func precedes(_ left: Finding, _ right: Finding) -> Bool {
        if left.severity != right.severity { return left.severity > right.severity }
        if left.vulnerability != right.vulnerability { return left.vulnerability < right.vulnerability }
        let (a, b) = (left.package, right.package)
        if a.ecosystem != b.ecosystem { return a.ecosystem < b.ecosystem }
        if left.subject != right.subject { return left.subject < right.subject }
        if a.name != b.name { return a.name < b.name }
        if a.version != b.version { return a.version < b.version }
        return left.advisory.id < right.advisory.id
    }
}

/// A package of which nothing can be said.
package struct UnjudgedPackage: Sendable, Hashable {
    package let package: InventoryPackage
    package let reason: String

    package init(package: InventoryPackage, reason: String) {
        self.package = package
        self.reason = reason
    }
}

/// What came of holding packages against a database.
package struct MatchResult: Sendable, Hashable {
    /// In the order of reports.
    package var findings: [Finding] = []
    /// How many pairs of a package and a vulnerability were judged as mended already.
    package var mended = 0
    /// Never silently well: what could not be judged, and why.
    package var unjudged: [UnjudgedPackage] = []
    /// What nobody mends any more although the distribution is still cared for.
    package var unsupported: [UnsupportedPackage] = []

    package init() {}
}
