import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnSystem

/// How far images and fleets are behind, for people, scripts and pull requests.
struct OutdatedReport: Encodable {
    struct Package: Encodable {
        let image: ImageName
        let package: String
        let old: String
        let new: String
        let suites: [String]
        let security: Bool
        let fixes: [String]?
        let since: String?
    }

    struct Lag: Encodable {
        let packages: Int
        let behind: Int
        let security: Int
        let vulnerabilities: Int
        let since: String?
        let days: Int?

        init(_ lag: PatchLag, now: Int64) {
            packages = lag.packages
            behind = lag.behind.count
            security = lag.security
            vulnerabilities = lag.vulnerabilities.count
            since = lag.since.map(WallClock.format)
            days = lag.since.map { Int(max(0, now - $0) / 86400) }
        }
    }

    struct Image: Encodable {
        let image: ImageName
        let own: Lag
        let inherited: Lag
        /// The image's own.
        let packages: [Package]
    }

    struct Fleet: Encodable {
        let fleet: FleetName
        let release: Int
        let image: ImageName
        let digest: Digest
        /// nil when the image keeps no record of packages, or is not here any more.
        let lag: Lag?
        let packages: [Package]
    }

    private(set) var images: [Image] = []
    private(set) var fleets: [Fleet] = []
    private let now: Int64
    private var vulnerabilities: Set<String> = []

    private enum CodingKeys: CodingKey {
        case images
        case fleets
    }

    init(now: Int64) {
        self.now = now
    }

    mutating func add(_ name: ImageName, own: PatchLag, inherited: PatchLag) {
        vulnerabilities.formUnion(own.vulnerabilities.union(inherited.vulnerabilities))
        images.append(
            Image(
                image: name,
                own: Lag(own, now: now),
                inherited: Lag(inherited, now: now),
                packages: own.behind.map(Package.init)
            )
        )
    }

    mutating func add(_ name: FleetName, _ release: ReleaseEntry, _ lag: PatchLag?) {
        vulnerabilities.formUnion(lag?.vulnerabilities ?? [])
        fleets.append(
            Fleet(
                fleet: name,
                release: release.number.rawValue,
                image: release.imageName,
                digest: release.image,
                lag: lag.map { Lag($0, now: now) },
                packages: lag?.behind.map(Package.init) ?? []
            )
        )
    }

    var isBehind: Bool {
        images.contains { $0.own.behind + $0.inherited.behind > 0 }
            || fleets.contains { $0.lag?.behind ?? 0 > 0 }
    }

    var summary: String {
        guard isBehind else { return "nothing is behind: images and fleets have what the archive has" }
        let fixes = vulnerabilities.count
        let fixed = fixes == 0 ? "" : ", \(fixes) CVE\(fixes == 1 ? "" : "s") among the fixes"
        let next = images.contains { $0.own.behind + $0.inherited.behind > 0 } ? "kiln lock --update, " : ""
        return "behind the archive\(fixed); next: \(next)kiln bake, kiln deploy"
    }

    /// nil when nothing is behind.
    func text(color: Bool) -> String? {
        guard isBehind else { return nil }
        return tables.map { $0.render(color: color) }.joined(separator: "\n\n")
    }

    var markdown: String {
        isBehind ? tables.map(\.markdown).joined(separator: "\n\n") : "Nothing is behind."
    }

    private var tables: [TextTable] { [imageTable, fleetTable, packageTable].filter { !$0.isEmpty } }

    private static let lagColumns: [TextTable.Column] = [
        ("BEHIND", .right), ("SECURITY", .right), ("CVES", .right), ("SINCE", .left), ("DAYS", .right),
    ]

    private var imageTable: TextTable {
        var columns: [TextTable.Column] = [("IMAGE", .left), ("PACKAGES", .right)]
        columns += Self.lagColumns
        columns.append(("INHERITED", .left))
        var table = TextTable(columns: columns)
        for image in images {
            let below = image.inherited
            table.add(
                [image.image.description, String(image.own.packages)] + cells(image.own)
                    + [below.packages == 0 ? "-" : "\(below.behind) of \(below.packages)"]
            )
        }
        return table
    }

    private var fleetTable: TextTable {
        var columns: [TextTable.Column] = [("FLEET", .left), ("RELEASE", .right), ("PACKAGES", .right)]
        columns += Self.lagColumns
        columns.append(("IMAGE", .left))
        var table = TextTable(columns: columns)
        for fleet in fleets {
            let lag = fleet.lag.map { [String($0.packages)] + cells($0) }
            table.add(
                [fleet.fleet.description, String(fleet.release)]
                    + (lag ?? Array(repeating: "-", count: Self.lagColumns.count + 1))
                    + ["\(fleet.image) (\(fleet.digest.short))"]
            )
        }
        return table
    }

    /// What images miss, then what only fleets do.
    private var packageTable: TextTable {
        var table = TextTable(
            ("IMAGE", .left),
            ("PACKAGE", .left),
            ("OLD", .left),
            ("NEW", .left),
            ("SUITE", .left),
            ("SINCE", .left),
            ("FIXES", .left)
        )
        var seen: Set<[String]> = []
        for package in images.flatMap(\.packages) + fleets.flatMap(\.packages) {
            guard seen.insert([package.image.description, package.package, package.old]).inserted else {
                continue
            }
            table.add(
                package.image.description,
                package.package,
                package.old,
                package.new,
                package.suites.isEmpty ? "-" : package.suites.joined(separator: ", "),
                package.since.map { String($0.prefix(10)) } ?? "-",
                Quantities.first(of: package.fixes ?? [])
            )
        }
        return table
    }

    private func cells(_ lag: Lag) -> [String] {
        [
            String(lag.behind), String(lag.security), String(lag.vulnerabilities),
            lag.since.map { String($0.prefix(10)) } ?? "-", lag.days.map(String.init) ?? "-",
        ]
    }
}

extension OutdatedReport.Package {
    fileprivate init(_ note: PatchNote) {
        image = note.image
        package = note.name
        old = note.old
        new = note.new
        suites = note.suites
        security = note.isSecurity
        fixes = note.hasChangelog ? note.fixes : nil
        since = note.since.map(WallClock.format)
    }
}
