import KilnAdvisories
import Testing

@Suite struct `Packages held against advisories` {
    private static let debian = Ecosystem("Debian:12")

    private static func sources(_ result: MatchResult) -> [String: Int] {
        let pairs = Set(result.findings.map { [$0.subject, $0.vulnerability] })
        return Dictionary(grouping: pairs) { $0[0] }.mapValues(\.count)
    }

    @Test func `a system from all of the right suites has nothing`() throws {
        let packages = try Fixtures.dpkgStatus("dpkg-status.bookworm-base.zst")
        #expect(packages.count == 96)
        #expect(Set(packages.flatMap(\.subjects).map(\.name)).count == 67)
        let result = try Matcher(Fixtures.debian.get()).match(packages)
        #expect(result.findings == [])
        #expect(result.unjudged == [])
        #expect(result.mended == 182)
    }

    @Test func `a system without the security suite has what that suite mended`() throws {
        let packages = try Fixtures.dpkgStatus("dpkg-status.bookworm-12.15-server.zst")
        #expect(packages.count == 152)
        #expect(Set(packages.flatMap(\.subjects).map(\.name)).count == 103)
        let database = try Fixtures.debian.get()
        let result = try Matcher(database).match(packages)
        #expect(result.findings.count == 207)
        #expect(
            Self.sources(result)
                == ["expat": 27, "python3.11": 14, "nginx": 14, "perl": 13, "openssl": 12, "libssh2": 6]
        )
        var policy = Matcher.Policy()
        policy.grouping = .source
        #expect(try Matcher(database, policy: policy).match(packages).findings.count == 86)
    }

    @Test(arguments: ["CVE-2023-5363", "CVE-2024-5535", "CVE-1999-0001"])
    func `asked about one vulnerability, the answer is that part of the whole one`(_ name: String) throws {
        let packages = try Fixtures.dpkgStatus("dpkg-status.bookworm-12.15-server.zst")
        let matcher = Matcher(try Fixtures.debian.get())
        let whole = try matcher.match(packages)
        let part = try matcher.match(packages, about: [name, "CVE-1999-0002"])
        #expect(part.findings == whole.findings.filter { $0.names.contains(name) })
        #expect(part.mended == whole.mended && part.unjudged == whole.unjudged)
        let names = Set(whole.findings.map(\.vulnerability))
        #expect(try matcher.match(packages, about: names).findings == whole.findings)
    }

    @Test func `what a package brought is judged by itself where nobody spoke of that package`() throws {
        let module = InventoryPackage(Ecosystem("Go"), "golang.org/x/net", "0.1.0")
        func judged(_ owner: InventoryPackage, _ database: AdvisoryDatabase) throws -> [InventoryPackage] {
            var judge = BroughtJudge(database)
            return try judge.judged([BroughtPackage(module, owner: owner)])
        }
        let vendors = InventoryPackage(Self.debian, "docker-ce", "5:24.0.0-1~debian.12~bookworm")
        let own = InventoryPackage(Self.debian, "libssl3", "3.0.9-1", source: "openssl")
        let everything = try Fixtures.everything.get()
        #expect(try judged(vendors, everything) == [module])
        #expect(try judged(own, everything) == [])
        var judge = BroughtJudge(everything)
        let both = [BroughtPackage(module, owner: own), BroughtPackage(module, owner: vendors)]
        #expect(try judge.judged(both + both) == [module], "one that nobody spoke of is enough")
        let foreign = InventoryPackage(Ecosystem("Debian:99"), "libssl3", "3.0.9-1", source: "openssl")
        #expect(try judged(foreign, everything) == [module], "nothing is known of the distribution")
        #expect(try judged(vendors, Fixtures.debian.get()) == [], "nothing is known of Go")
    }

    @Test func `the order of what is installed changes nothing`() throws {
        let database = try Fixtures.debian.get()
        for grouping in Matcher.Policy.Grouping.allCases {
            var policy = Matcher.Policy()
            policy.grouping = grouping
            let packages = try Fixtures.dpkgStatus("dpkg-status.bookworm-12.15-server.zst")
            let matcher = Matcher(database, policy: policy)
            #expect(try matcher.match(packages).findings == matcher.match(packages.reversed()).findings)
        }
    }

    @Test(arguments: [
        ("glibc", "2.36-9+deb12u2", "CVE-2023-4911", "2.36-9+deb12u3"),
        ("flatpak", "1.14.4-1", "CVE-2024-42472", "1.14.10-1~deb12u1"),
        ("perl", "5.36.0-7", "CVE-2023-31484", "5.36.0-7+deb12u3"),
    ])
    func `agrees with the tracker`(_ source: String, _ version: String, _ cve: String, _ fixed: String) throws
    {
        let matcher = Matcher(try Fixtures.debian.get())
        let found = try matcher.match([InventoryPackage(Self.debian, source, version)]).findings
        #expect(found.first { $0.vulnerability == cve }?.fixed == fixed)
        let mended = try matcher.match([InventoryPackage(Self.debian, source, fixed)]).findings
        #expect(!mended.contains { $0.vulnerability == cve })
    }

    private static func database(_ advisories: [Advisory]) throws -> AdvisoryDatabase {
        var builder = DatabaseBuilder()
        for advisory in advisories { builder.add(advisory) }
        return try AdvisoryDatabase(bytes: try builder.build())
    }

    private static func fix(
        _ id: String,
        _ package: String,
        before fixed: String?,
        aliases: [String] = [],
        urgency: DebianUrgency = .none,
        severity: Severity = .unknown
    ) throws -> Advisory {
        var interval = VersionInterval(fixed: fixed)
        if let fixed { interval.upper = .init(try VersionScheme.debian.key(of: fixed), isInclusive: false) }
        var advisory = Advisory(id: id)
        advisory.aliases = aliases
        advisory.severity = severity
        advisory.affected = [
            .init(debian, package, [interval], status: fixed == nil ? .affected : .fixed, urgency: urgency)
        ]
        return advisory
    }

    @Test func `a source's version counts, not that of a binary rebuilt without changes`() throws {
        let matcher = Matcher(try Self.database([try Self.fix("CVE-2024-1", "src", before: "1.0-2")]))
        let rebuilt = InventoryPackage(Self.debian, "bin", "1.0-1+b7", source: "src", sourceVersion: "1.0-1")
        let mended = InventoryPackage(Self.debian, "bin", "9:0.1-1", source: "src", sourceVersion: "1.0-2")
        #expect(try matcher.match([rebuilt]).findings.map(\.installed) == ["1.0-1"])
        #expect(try matcher.match([mended]).findings == [])
        #expect(try matcher.match([InventoryPackage(Self.debian, "bin", "0.1")]).findings == [])
    }

    @Test func `of several fixes of one vulnerability the highest counts`() throws {
        let advisories = [
            try Self.fix("DSA-1-1", "src", before: "1.0-2", aliases: ["CVE-2024-1"]),
            try Self.fix("DSA-2-1", "src", before: "1.0-3", aliases: ["CVE-2024-1"]),
        ]
        let matcher = Matcher(try Self.database(advisories))
        let early = try matcher.match([InventoryPackage(Self.debian, "src", "1.0-1")]).findings
        #expect(early.map(\.fixed) == ["1.0-3"])
        #expect(
            try matcher.match([InventoryPackage(Self.debian, "src", "1.0-2")]).findings.map(\.fixed) == [
                "1.0-3"
            ]
        )
        #expect(try matcher.match([InventoryPackage(Self.debian, "src", "1.0-3")]).findings == [])
    }

    @Test(arguments: [
        (Matcher.Policy.Unimportant.low, [Severity.low]), (.negligible, [.negligible]), (.ignore, []),
    ])
    func `what is unimportant to Debian is what the policy says`(
        _ choice: Matcher.Policy.Unimportant,
        _ expected: [Severity]
    ) throws {
        var policy = Matcher.Policy()
        policy.unimportant = choice
        let matcher = Matcher(
            try Fixtures.database(["debian12-tracker-sample.osv.jsonl.zst"]),
            policy: policy
        )
        #expect(
            try matcher.match([InventoryPackage(Self.debian, "tar", "1.34")]).findings.map(\.severity)
                == expected
        )
    }

    @Test func `urgency goes before what the advisory says, unless there is none`() throws {
        let cases: [(DebianUrgency, Severity)] = [
            (.high, .high), (.medium, .medium), (.low, .low), (.notYetAssigned, .critical),
            (.endOfLife, .critical), (.none, .critical),
        ]
        for (urgency, expected) in cases {
            let advisory = try Self.fix(
                "CVE-2024-1",
                "src",
                before: nil,
                urgency: urgency,
                severity: .critical
            )
            let result = try Matcher(try Self.database([advisory])).match([
                InventoryPackage(Self.debian, "src", "1")
            ])
            #expect(result.findings.map(\.severity) == [expected])
        }
    }

    @Test func `where Debian does not say how bad it is, others do`() throws {
        var other = Advisory(id: "GHSA-1")
        other.aliases = ["CVE-2024-1"]
        other.severity = .high
        other.affected = [.init(Ecosystem("npm"), "a", [VersionInterval()])]
        let debian = try Self.fix("DEBIAN-CVE-2024-1", "src", before: nil, urgency: .notYetAssigned)
        let result = try Matcher(Self.database([other, debian])).match([
            InventoryPackage(Self.debian, "src", "1")
        ])
        #expect(result.findings.map(\.severity) == [.high])
    }

    @Test func `what cannot be judged is said and not passed`() throws {
        let matcher = Matcher(try Fixtures.database(["pypi-2024-10.osv.jsonl.zst"]))
        let packages = [
            InventoryPackage(Ecosystem("PyPI"), "zstd", "not a version"),
            InventoryPackage(Ecosystem("Alpine:v3.20"), "musl", "1.2.5-r0"),
        ]
        let result = try matcher.match(packages)
        #expect(result.unjudged.map(\.package) == packages)
        #expect(result.findings == [])
    }

    @Test(arguments: [
        ("PyPI", "access_control", "4.2", "-"), ("PyPI", "AccessControl", "4.2", "PYSEC-2021-335"),
        ("PyPI", "accesscontrol", "4.3", "-"),
        ("PyPI", "accesscontrol", "5.2rc1", "PYSEC-2021-335"),
        ("Go", "github.com/gin-gonic/gin", "v1.5.0", "GO-2020-0001"),
        ("Go", "github.com/gin-gonic/gin", "v1.6.0", "-GO-2020-0001"),
        ("Go", "github.com/nanobox-io/golang-nanoauth", "v0.0.0-20170101000000-abcdefabcdef", "GO-2020-0004"),
        ("npm", "bassmaster", "1.5.1", "NSWG-1"), ("npm", "bassmaster", "1.5.2", "-"),
        ("npm", "hapi", "2.1.7", "NSWG-11"), ("npm", "hapi", "2.2.0", "-NSWG-11"),
        ("crates.io", "abi_stable", "0.9.0", "RUSTSEC-2020-0105"), ("crates.io", "abi_stable", "0.9.1", "-"),
        ("crates.io", "actix-http", "2.2.0", "RUSTSEC-2021-0081"),
        ("crates.io", "actix-http", "2.2.1", "-RUSTSEC-2021-0081"),
        ("crates.io", "actix-http", "3.0.0-beta.8", "RUSTSEC-2021-0081"),
        ("crates.io", "actix-http", "3.0.0-beta.9", "-RUSTSEC-2021-0081"),
    ])
    func `languages' packages are judged by their own orders`(
        _ ecosystem: String,
        _ name: String,
        _ version: String,
        _ advisory: String
    ) throws {
        let package = InventoryPackage(Ecosystem(ecosystem), name, version)
        let result = try Matcher(try Fixtures.everything.get()).match([package])
        #expect(result.unjudged == [])
        let found = result.findings.map(\.advisory.id)
        switch advisory {
        case "-": #expect(found == [])
        case _ where advisory.hasPrefix("-"): #expect(!found.contains(String(advisory.dropFirst())))
        default: #expect(found.contains(advisory))
        }
    }
}
