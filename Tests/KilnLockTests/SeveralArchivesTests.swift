import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnLock

/// A distribution, and an archive of one's own beside it.
@Suite struct `Several archives in one image` {
    private struct Both {
        let main: TestArchive
        let internalOne: TestArchive

        /// `base` on the main archive alone, `app` on it with both.
        func definition(
            _ packages: [String],
            mirror: String? = nil,
            priority: Int? = nil,
            pins: [PackagePin] = []
        ) throws -> Definition {
            var definition = try main.definition([("base", []), ("app", packages)])
            definition.archives["internal"] = ArchiveDefinition(
                mirror: .url(mirror ?? "file://\(internalOne.root)"),
                suites: [TestArchive.suite],
                keyring: internalOne.keyring,
                priority: priority
            )
            definition.images["app"]?.archives = ["internal"]
            definition.images["app"]?.pins = pins
            return definition
        }
    }

    private func withBoth(
        origin: String = "Internal",
        _ body: (Both, Sandbox) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let main = try await TestArchive.minimal(in: sandbox)
            try await main.add("libfoo", "2")
            try await main.add("foo", "2", fields: ["Depends": "libfoo"])
            try await main.publish()
            let other = try await TestArchive.make(in: sandbox, named: "internal")
            try await other.add("foo", "1", fields: ["Depends": "libfoo"])
            try await other.add("shop", "1.0", fields: ["Depends": "foo, libfoo (>= 2)"])
            try await other.publish(.init(fields: origin.isEmpty ? [:] : ["Origin": origin]))
            try await body(Both(main: main, internalOne: other), sandbox)
        }
    }

    private func chosen(_ outcome: LockOutcome) -> [String] {
        outcome.lock.images["app"]?.packages.map { "\($0.name) \($0.version) \($0.archive)" } ?? []
    }

    @Test func `are solved together, and each package names its own`() async throws {
        try await withBoth { both, sandbox in
            let definition = try both.definition(["shop"])
            let outcome = try await both.main.lock(definition)
            #expect(chosen(outcome) == ["foo 2 own", "libfoo 2 own", "shop 1.0 internal"])
            #expect(outcome.lock.images["base"]?.packages.allSatisfy { $0.archive == "own" } == true)
            let stale = try outcome.lock.staleness(
                against: definition,
                encoder: both.main.encoder,
                platform: both.main.platform
            )
            #expect(stale.isEmpty)
            // Another machine fetches each from its archive.
            let second = KilnHome(root: sandbox.path.appending("second"))
            let fetcher = PackageFetcher(
                home: second,
                definition: definition,
                host: both.main.host,
                platform: both.main.platform,
                registry: RegistryClient(home: second)
            )
            try await fetcher.fetch(outcome.lock.images.values.flatMap(\.packages))
            #expect(try await both.main.lock(definition, update: .all).changes.isEmpty)
        }
    }

    @Test func `a priority prefers the older version of its archive`() async throws {
        try await withBoth { both, _ in
            let outcome = try await both.main.lock(both.definition(["shop"], priority: 600))
            #expect(chosen(outcome) == ["foo 1 internal", "libfoo 2 own", "shop 1.0 internal"])
        }
    }

    @Test func `a new pin moves what was locked, and stays heeded`() async throws {
        try await withBoth { both, _ in
            let before = try await both.main.lock(both.definition(["foo"]))
            #expect(chosen(before) == ["foo 2 own", "libfoo 2 own"])
            let pin = PackagePin(package: "f*", target: .archive("internal"))
            let pinned = try await both.main.lock(both.definition(["foo"], pins: [pin]))
            #expect(chosen(pinned) == ["foo 1 internal", "libfoo 2 own"])
            #expect(pinned.changes == [PackageMove(image: "app", name: "foo", old: "2", new: "1")])
            let more = try await both.main.lock(both.definition(["foo", "shop"], pins: [pin]))
            #expect(chosen(more) == ["foo 1 internal", "libfoo 2 own", "shop 1.0 internal"])
        }
    }

    @Test func `a pinned version is taken, and a forbidden archive is not`() async throws {
        try await withBoth { both, _ in
            let version = PackagePin(package: "foo", target: .version("1*"))
            let pinned = try await both.main.lock(both.definition(["foo"], pins: [version]))
            #expect(chosen(pinned) == ["foo 1 internal", "libfoo 2 own"])
            let never = PackagePin(package: "shop", target: .archive("internal"), priority: -1)
            let error = await #expect(throws: LockError.self) {
                try await both.main.lock(both.definition(["shop"], pins: [never]))
            }
            #expect(error?.code == .missingPackage)
        }
    }

    @Test func `two that say the same of themselves cannot be told apart by a priority`() async throws {
        try await withBoth(origin: "") { both, _ in
            let plain = try await both.main.lock(both.definition(["shop"]))
            #expect(chosen(plain).count == 3)
            let error = await #expect(throws: LockError.self) {
                try await both.main.lock(both.definition(["shop"], priority: 600))
            }
            #expect(error?.code == .ambiguousArchive)
            #expect(error?.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `each is held to its own keys`() async throws {
        try await withBoth { both, _ in
            var definition = try both.definition(["shop"])
            definition.archives["internal"]?.keyring = both.main.keyring
            let error = await #expect(throws: LockError.self) { try await both.main.lock(definition) }
            #expect(error?.code == .signature)
            #expect(error?.diagnostic.message.contains("archive \"internal\"") == true)
        }
    }

    @Test func `a package that none has is said so of all`() async throws {
        try await withBoth { both, _ in
            let error = await #expect(throws: LockError.self) {
                try await both.main.lock(both.definition(["shopp"]))
            }
            #expect(
                error?.diagnostic.message
                    == "image \"app\": none of the archives \"own\", \"internal\" has a package \"shopp\""
            )
            #expect(error?.diagnostic.hint == "did you mean \"shop\"?")
        }
    }

    @Test func `the same suite at the same place twice is refused`() async throws {
        try await withBoth { both, _ in
            let definition = try both.definition(["foo"], mirror: "file://\(both.main.root)")
            let error = await #expect(throws: LockError.self) { try await both.main.lock(definition) }
            #expect(error?.code == .source)
            #expect(error?.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `suites of one place are told apart, and backports wait until they are asked for`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("curl", "7.88")
            try await archive.publish()
            try await archive.publishBackports(of: "curl", "8.14~bpo", in: sandbox)
            func lock(_ pins: [PackagePin]) async throws -> [String] {
                var definition = try archive.definition([("app", ["curl"])])
                definition.archives["backports"] = ArchiveDefinition(
                    mirror: .url("file://\(archive.root)"),
                    suites: ["test-backports"],
                    keyring: archive.keyring
                )
                definition.images["app"]?.archives = ["backports"]
                definition.images["app"]?.pins = pins
                try Files.remove(archive.lockFile)
                return chosen(try await archive.lock(definition)).filter { $0.hasPrefix("curl") }
            }
            #expect(try await lock([]) == ["curl 7.88 own"])
            let suite = PackagePin(package: "curl", target: .suite("test-backports"))
            #expect(try await lock([suite]) == ["curl 8.14~bpo backports"])
            let version = PackagePin(package: "curl", target: .version("8.*"))
            #expect(try await lock([version]) == ["curl 8.14~bpo backports"])
        }
    }

    @Test func `a request without further archives and pins is what it always was`() throws {
        var definition = Definition()
        definition.archives["debian"] = ArchiveDefinition(suites: ["bookworm"])
        definition.archives["internal"] = ArchiveDefinition(suites: ["stable"])
        var base = ImageDefinition(origin: .archive("debian"))
        base.packages = ["curl"]
        definition.images["base"] = base
        func digest(_ change: (inout Definition) -> Void) throws -> Digest {
            var definition = definition
            change(&definition)
            return try LockRequest.digest(
                of: "base",
                in: definition,
                platform: ImagePlatform(architecture: "amd64")
            )
        }
        let plain = try digest { _ in }
        #expect(try digest { $0.archives["internal"]?.priority = 700 } == plain)
        let changes: [(inout Definition) -> Void] = [
            { $0.images["base"]?.archives = ["internal"] },
            { $0.archives["debian"]?.priority = 600 },
            { $0.images["base"]?.pins = [PackagePin(package: "curl", target: .version("8*"))] },
            { $0.images["base"]?.pins = [PackagePin(package: "curl", target: .suite("bookworm"))] },
            {
                $0.images["base"]?.pins = [
                    PackagePin(package: "curl", target: .suite("bookworm"), priority: 1)
                ]
            },
        ]
        let changed = try changes.map(digest)
        #expect(Set(changed + [plain]).count == changes.count + 1)
    }

    // MARK: Logins

    @Test(arguments: [true, false])
    func `an archive behind a login is locked and fetched with the machine's own`(
        _ isArmoured: Bool
    ) async throws {
        try await withBoth { both, sandbox in
            let secret = "s3cret-word"
            try await PackageServer.with(both.internalOne.root, login: "builder:\(secret)") { server in
                var definition = try both.definition(["shop"], mirror: server.url)
                if isArmoured {
                    definition.archives["internal"]?.keyring = try await armoured(both.internalOne, sandbox)
                }
                let auth = try sandbox.write(
                    "machine \(server.url)/ login builder password \(secret)\n",
                    to: "etc-apt/auth.conf.d/internal.conf"
                )
                try Files.write(try Files.readText(auth), to: auth, mode: 0o600)
                let outcome = try await both.main.lock(definition)
                #expect(chosen(outcome).contains("shop 1.0 internal"))
                #expect(server.requests.contains { $0.hasSuffix("/pool/shop_1.0_all.deb") })
                let own = [auth.string]
                let found = try await ToolRunner().runUnchecked(
                    ToolInvocation("grep", ["-rl", secret, sandbox.path.string])
                )
                #expect(found.text.split(separator: "\n").map(String.init) == own)
            }
        }
    }

    private func armoured(_ archive: TestArchive, _ sandbox: Sandbox) async throws -> FilePath {
        let output = try await ToolRunner().run(
            ToolInvocation(
                "gpg",
                ["--enarmor", "--output", "-", archive.keyring.string],
                environment: ["GNUPGHOME": sandbox.path.string]
            )
        )
        let text = output.text.replacing("ARMORED FILE", with: "PUBLIC KEY BLOCK")
        return try sandbox.write(text, to: "keys/internal.asc")
    }

    @Test(arguments: ["", "machine SERVER login builder password wrong\n"])
    func `without the right login it is said what is missing, and no password`(_ auth: String) async throws {
        try await withBoth { both, sandbox in
            try await PackageServer.with(both.internalOne.root, login: "builder:right") { server in
                try sandbox.write(auth.replacing("SERVER", with: server.url), to: "etc-apt/auth.conf")
                let definition = try both.definition(["shop"], mirror: server.url)
                let error = await #expect(throws: LockError.self) { try await both.main.lock(definition) }
                #expect(error?.code == .unauthorized)
                let text = try both.main.rendered(#require(error))
                #expect(!text.contains("wrong"))
                try Golden.expect(text, matches: Golden.directory().appending("refused-login.txt"))
            }
        }
    }

    @Test func `a login that ends between lock and fetch is told as such`() async throws {
        try await withBoth { both, sandbox in
            let outcome = try await both.main.lock(both.definition(["shop"]))
            try await PackageServer.with(both.internalOne.root, login: "builder:right") { server in
                let fetcher = PackageFetcher(
                    home: KilnHome(root: sandbox.path.appending("second")),
                    definition: try both.definition(["shop"], mirror: server.url),
                    host: both.main.host,
                    platform: both.main.platform,
                    registry: RegistryClient(home: sandbox.home)
                )
                let packages = outcome.lock.images["app"]?.packages ?? []
                let error = await #expect(throws: LockError.self) { try await fetcher.fetch(packages) }
                #expect(error?.code == .unauthorized)
            }
        }
    }
}

extension TestArchive {
    /// A suite beside the archive's own, from which apt takes nothing unasked.
    fileprivate func publishBackports(of name: String, _ version: String, in sandbox: Sandbox) async throws {
        let other = try await TestArchive.make(in: sandbox, named: "backports")
        let file = try await other.add(name, version)
        try Files.createDirectory(root.appending("pool-bpo"))
        try Files.rename(file, to: root.appending("pool-bpo").appending(file.lastComponent?.string ?? ""))
        let folder = root.appending("dists/test-backports/main/binary-amd64")
        try Files.createDirectory(folder)
        let index = try await ToolRunner().run(
            ToolInvocation("apt-ftparchive", ["packages", "pool-bpo"], workingDirectory: root)
        )
        try Files.write(index.standardOutput, to: folder.appending("Packages"))
        try await sign(
            .init(fields: [
                "Codename": "test-backports", "Suite": "stable-backports", "NotAutomatic": "yes",
                "ButAutomaticUpgrades": "yes",
            ]),
            suite: "test-backports"
        )
    }
}
