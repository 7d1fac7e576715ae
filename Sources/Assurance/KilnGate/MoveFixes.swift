package import KilnAdvisories

/// What the database says that a newer version of a package mends.
package struct MoveFixes: Sendable {
    private let matcher: Matcher

    package init(_ database: AdvisoryDatabase) {
        matcher = Matcher(database)
    }

    /// The vulnerabilities that the old version has and the new one has not, sorted. The source is the folder of the archive's pool that the package lies in, which is how
    /// archives name it; nil suites tell no release that the database knows.
    package func fixes(
        _ package: String,
        path: String,
        suites: [String],
        old: String,
        new: String
    ) throws -> [String] {
        let releases = suites.compactMap { suite in
            DebianRelease.named(String(suite.prefix { $0 != "-" && $0 != "/" }))
        }
        guard let ecosystem = releases.first?.ecosystem else { return [] }
        let folders = path.split(separator: "/").dropLast()
        let source = folders.count > 2 ? folders.last.map(String.init) : nil
        func found(_ version: String) throws -> Set<String> {
            // A rebuild without changes has its source's version.
            let built = version.firstRange(of: "+b").map { range in
                version[range.upperBound...].allSatisfy(\.isNumber)
                    ? String(version[..<range.lowerBound]) : version
            }
            let installed = InventoryPackage(
                ecosystem,
                package,
                version,
                source: source,
                sourceVersion: built
            )
            return Set(try matcher.match([installed]).findings.map(\.vulnerability))
        }
        return try found(old).subtracting(found(new)).sorted()
    }
}
