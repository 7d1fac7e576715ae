import KilnAdvisories
import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnGate
import KilnOCI
import KilnSecrets
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A gate` {
    private static let debian = Ecosystem("Debian:12")

    /// Three sources: high and mended, high and not, low and exploited.
    private static let database = Result {
        func record(_ id: String, _ package: String, _ fixed: String?, _ urgency: String) -> String {
            let event = fixed.map { #",{"fixed":"\#($0)"}"# } ?? ""
            return
                #"{"id":"\#(id)","modified":"2026-11-20T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"\#(package)"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}\#(event)]}],"database_specific":{"urgency":"\#(urgency)"}}]}"#
        }
        var builder = DatabaseBuilder()
        let records = [
            record("CVE-2026-0001", "openssl", "3.1", "high"), record("CVE-2026-0002", "expat", nil, "high"),
            record("CVE-2026-0003", "zlib", "2", "low"),
        ]
        _ = try AdvisoryImporter.importBytes(
            Array(records.joined(separator: "\n").utf8),
            name: "osv",
            into: &builder
        )
        _ = try AdvisoryImporter.importBytes(Array("CVE-2026-0003\n".utf8), name: "kev", into: &builder)
        return try AdvisoryDatabase(bytes: try builder.build())
    }

    private static let now = Moment(parsing: "2026-11-26T12:00:00Z") ?? Moment(seconds: 0)

    private static func facts(
        _ packages: [InventoryPackage],
        ignoring entries: [IgnoreEntry] = []
    ) throws -> GateFacts {
        let database = try database.get()
        let result = try Matcher(database).match(packages)
        var facts = GateFacts(
            image: Digest(of: "image"),
            imageName: try ImageName(parsing: "shop"),
            now: now,
            findings: Judgement(result.findings, ignoring: entries, today: now.day)
        )
        facts.database = (database.digest, database.date)
        return facts
    }

    private static let openssl = InventoryPackage(debian, "libssl3", "3.0", source: "openssl")
    private static let expat = InventoryPackage(debian, "libexpat1", "2.5", source: "expat")
    private static let zlib = InventoryPackage(debian, "zlib1g", "1", source: "zlib")

    private static func rules(_ change: (inout GateDefinition) -> Void) -> GateDefinition {
        var rules = GateDefinition()
        change(&rules)
        return rules
    }

    @Test func `passes what holds to all of it, and says by which database`() throws {
        let rules = Self.rules { $0.severity = .high }
        let verdict = GateJudge(rules).verdict(
            on: try Self.facts([InventoryPackage(Self.debian, "openssl", "3.1")])
        )
        #expect(verdict.passed && verdict.shown == "passed")
        #expect(verdict.database == (try Self.database.get().digest))
        #expect(verdict.databaseDate == "2026-11-20T00:00:00Z")
    }

    @Test(
        arguments: [
            (.critical, .refuse, .ignore, []), (.high, .refuse, .ignore, ["CVE-2026-0001", "CVE-2026-0002"]),
            (.high, .ignore, .ignore, ["CVE-2026-0001"]),
            (.low, .ignore, .ignore, ["CVE-2026-0001", "CVE-2026-0003"]),
            (nil, .refuse, .refuse, ["CVE-2026-0003"]),
            (.high, .ignore, .refuse, ["CVE-2026-0001", "CVE-2026-0003"]), (nil, .refuse, .ignore, []),
        ] as [(GateDefinition.Severity?, GateDefinition.Answer, GateDefinition.Answer, [String])]
    )
    func `refuses vulnerabilities by severity, by what can be mended and by what is exploited`(
        _ severity: GateDefinition.Severity?,
        _ unfixed: GateDefinition.Answer,
        _ exploited: GateDefinition.Answer,
        _ expected: [String]
    ) throws {
        let rules = Self.rules { ($0.severity, $0.unfixed, $0.exploited) = (severity, unfixed, exploited) }
        let verdict = GateJudge(rules).verdict(on: try Self.facts([Self.openssl, Self.expat, Self.zlib]))
        #expect(Set(verdict.refusals.flatMap(\.vulnerabilities)).sorted() == expected)
    }

    @Test func `tells what to do: the packages to move, not their source`() throws {
        let rules = Self.rules { $0.severity = .high }
        let refusal = try #require(
            GateJudge(rules).verdict(on: try Self.facts([Self.openssl])).refusals.first
        )
        #expect(refusal.rule == .severity)
        #expect(refusal.facts == ["openssl 3.0: CVE-2026-0001, high, mended in 3.1"])
        #expect(refusal.remedy.hasPrefix("kiln lock --update libssl3, kiln bake shop, and deploy again"))
    }

    @Test func `lets pass what is ignored for a time, and keeps the reason`() throws {
        let entry = try IgnoreEntry(id: "CVE-2026-0001", reason: "not reachable", expires: "2026-12-31")
        let old = try IgnoreEntry(id: "CVE-2026-0001", reason: "not reachable", expires: "2026-11-25")
        let rules = Self.rules { $0.severity = .high }
        let passed = GateJudge(rules).verdict(on: try Self.facts([Self.openssl], ignoring: [entry]))
        #expect(passed.passed)
        #expect(passed.letPass == ["CVE-2026-0001 of openssl: not reachable (until 2026-12-31)"])
        #expect(!GateJudge(rules).verdict(on: try Self.facts([Self.openssl], ignoring: [old])).passed)
    }

    @Test func `without a database refuses, unless nothing of it needs one`() throws {
        var facts = try Self.facts([])
        facts.database = nil
        let verdict = GateJudge(Self.rules { $0.severity = .high }).verdict(on: facts)
        #expect(verdict.refusals.map(\.rule) == [.database])
        #expect(verdict.refusals.first?.remedy.contains("kiln db update") == true)
        let other = Self.rules { ($0.exploited, $0.unsupported) = (.ignore, .ignore) }
        #expect(GateJudge(other).verdict(on: facts).passed)
    }

    @Test(arguments: [(6, true), (7, true), (5, false)])
    func `refuses a database that is too old`(_ days: Int, _ passes: Bool) throws {
        let rules = Self.rules { $0.databaseAge = days }
        let verdict = GateJudge(rules).verdict(on: try Self.facts([]))
        #expect(verdict.passed == passes)
        #expect(passes || verdict.refusals.map(\.rule) == [.databaseAge])
    }

    @Test func `refuses secrets, unless ignored by their fingerprint`() throws {
        let text = Array("DB_PASSWORD=s3same!open\n".utf8)
        let finding = try #require(
            SecretScanner().findings(in: ScannedFile(path: "srv/.env", size: 30), text).first
        )
        var facts = try Self.facts([])
        facts.secrets = [FoundSecret(finding: finding, layer: 1, createdBy: "files of shop")]
        let refusal = try #require(GateJudge(Self.rules { _ in }).verdict(on: facts).refusals.first)
        #expect(refusal.rule == .secrets)
        #expect(refusal.facts.first?.contains("srv/.env, line 1, layer 2: files of shop") == true)
        #expect(refusal.facts.first?.contains("s3same") == false)
        let entry = { (day: String) in
            IgnoreDefinition(id: finding.fingerprint, reason: "a demonstration", expires: day)
        }
        #expect(GateJudge(Self.rules { $0.ignored = [entry("2026-12-31")] }).verdict(on: facts).passed)
        #expect(!GateJudge(Self.rules { $0.ignored = [entry("2026-11-01")] }).verdict(on: facts).passed)
        #expect(GateJudge(Self.rules { $0.secrets = .ignore }).verdict(on: facts).passed)
    }

    @Test(
        arguments: [
            (["AGPL-*"], "AGPL-3.0-only", false), (["agpl-*"], "AGPL-3.0", false),
            (["AGPL"], "AGPL-3.0", true),
            (["*GPL*"], "LGPL-2.1+", false), (["SSPL-1.0"], "SSPL-1.0", false), ([], "SSPL-1.0", true),
            (["A*B*C"], "AxxBC", false), (["A*B*C"], "AxxC", true),
            (["AGPL-*"], "MIT AND AGPL-3.0-only", false), (["AGPL-*"], "MIT OR AGPL-3.0-only", true),
            (["AGPL-*"], "(GPL-2.0-only AND AGPL-3.0-or-later) OR AGPL-3.0-only", false),
            (["AGPL-*"], "MIT and (Apache-2.0 or AGPL-3.0)", true),
            (["AGPL-*"], "MIT, and AGPL-3 with exception", false),
            (["GPL-2.0"], "GPL-2.0 WITH Classpath", false),
            (["GNU *"], "GNU General Public License v2 or later (GPLv2+)", false),
            (["AGPL"], "((AGPL", false), (["AGPL"], "MIT AND (", true),
        ] as [([String], String, Bool)]
    )
    func `refuses licences by pattern`(_ denied: [String], _ licence: String, _ passes: Bool) throws {
        var facts = try Self.facts([])
        facts.licences = [("a", [licence])]
        #expect(GateJudge(Self.rules { $0.licences.denied = denied }).verdict(on: facts).passed == passes)
        facts.licences = [("a", [])]
        #expect(!GateJudge(Self.rules { $0.licences.unknown = .refuse }).verdict(on: facts).passed)
    }

    @Test func `refuses an old base, missing checks, unverified layers and what nobody cares for`() throws {
        var facts = try Self.facts([])
        facts.baseMade = Moment(parsing: "2026-08-01")
        facts.hasChecks = false
        facts.unverified = ["layer 2: packages of shop"]
        facts.endOfLife = CalendarDate(parsing: "2026-01-01")
        facts.unread = ["var/lib/rpm/rpmdb.sqlite: it is cut off"]
        let package = InventoryPackage(Ecosystem("Ubuntu:22.04"), "zlib1g", "1")
        facts.unjudged = [
            UnjudgedPackage(package: package, reason: "the database knows nothing of Ubuntu:22.04")
        ]
        func rules(_ change: (inout GateDefinition) -> Void) -> [GateVerdict.Rule] {
            var rules = GateDefinition()
            (rules.unsupported, rules.unread, rules.unjudged) = (.ignore, .ignore, .ignore)
            change(&rules)
            return GateJudge(rules).verdict(on: facts).refusals.map(\.rule)
        }
        #expect(rules { _ in } == [])
        #expect(rules { $0.baseAge = 30 } == [.baseAge] && rules { $0.baseAge = 200 } == [])
        #expect(rules { $0.checks = .refuse } == [.checks] && rules { $0.verified = true } == [.verified])
        #expect(rules { $0.unsupported = .refuse } == [.unsupported])
        #expect(rules { $0.unread = .refuse } == [.unread])
        #expect(rules { $0.unjudged = .refuse } == [.unjudged])
        #expect(rules { ($0.unjudged, $0.exploited) = (.refuse, .ignore) } == [], "no vulnerability counts")
        facts.baseMade = nil
        #expect(rules { $0.baseAge = 30 } == [.baseAge])
    }

    @Test(
        arguments: [
            (nil, ["it is not signed by ci, lab", "nothing that lies beside it is a signature"]),
            (.init(missing: [], flaws: ["a signature is by none of the keys"]), []),
            (
                .init(missing: ["lab"], flaws: ["a signature is by none of the keys"]),
                ["it is not signed by lab", "a signature is by none of the keys"]
            ),
        ] as [(GateFacts.Signature?, [String])]
    )
    func `refuses what is not signed by all who must have, and by nobody where nobody looked`(
        _ signature: GateFacts.Signature?,
        _ expected: [String]
    ) throws {
        var facts = try Self.facts([])
        facts.signature = signature
        let rules = Self.rules { $0.signature = [SignerName(trusted: "ci"), SignerName(trusted: "lab")] }
        let verdict = GateJudge(rules).verdict(on: facts)
        #expect(verdict.refusals.map(\.rule) == (expected.isEmpty ? [] : [.signature]))
        #expect(verdict.refusals.first?.facts ?? [] == expected)
        #expect(verdict.refusals.first?.remedy.hasPrefix("kiln image sign shop --key FILE") ?? true)
        #expect(GateJudge(Self.rules { _ in }).verdict(on: facts).passed, "nobody has to sign it")
    }

    @Test func `that an earlier Kiln kept asks for no signature`() throws {
        let kept = Array(#"{"severity":"high","unfixed":"ignore"}"#.utf8)
        let rules = try CanonicalJSON.decode(GateDefinition.self, from: kept)
        #expect(rules.signature.isEmpty && rules.severity == .high)
    }

    @Test func `has its verdict kept with the release, by the digest of its content`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let shop = try FleetName(parsing: "shop")
            var verdict = GateJudge(Self.rules { $0.severity = .high }).verdict(
                on: try Self.facts([Self.openssl])
            )
            verdict.override = GateVerdict.Override(author: "kim", why: "the fix is on its way")
            try await catalog.note(verdict, of: shop, Digest(of: "content"))
            #expect(try await catalog.verdict(of: shop, Digest(of: "content")) == verdict)
            #expect(verdict.shown == "overridden by kim: the fix is on its way")
            // One that became no release is not kept.
            try await catalog.note(verdict, of: shop, Digest(of: "other"))
            #expect(try await catalog.verdicts(of: shop).keys.sorted() == [Digest(of: "other")])
        }
    }
}

@Suite struct `What a move of the lock mends` {
    @Test(
        arguments: [
            ("pool/main/o/openssl/libssl3_3.0_amd64.deb", ["bookworm"], "3.0", "3.1", ["CVE-2026-0001"]),
            (
                "pool/main/o/openssl/libssl3_3.0_amd64.deb", ["bookworm-security"], "3.0", "3.1+b2",
                ["CVE-2026-0001"]
            ),
            ("pool/main/o/openssl/libssl3_3.0_amd64.deb", ["bookworm"], "3.0", "3.0.5", []),
            ("pool/main/o/openssl/libssl3_3.0_amd64.deb", ["own"], "3.0", "3.1", []),
            ("pool/main/libs/other/libssl3_3.0_amd64.deb", ["bookworm"], "3.0", "3.1", []),
        ] as [(String, [String], String, String, [String])]
    )
    func `is what the database has of its source for the old version alone`(
        _ path: String,
        _ suites: [String],
        _ old: String,
        _ new: String,
        _ expected: [String]
    ) throws {
        var builder = DatabaseBuilder()
        let record =
            #"{"id":"CVE-2026-0001","affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"3.1"}]}]}]}"#
        _ = try AdvisoryImporter.importBytes(Array(record.utf8), name: "osv", into: &builder)
        let fixes = MoveFixes(try AdvisoryDatabase(bytes: try builder.build()))
        #expect(try fixes.fixes("libssl3", path: path, suites: suites, old: old, new: new) == expected)
    }
}
