import KilnDefinition
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Locking packages` {
    @Test func `a root and its children are locked with every field exact`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libfoo", "1:2.0~rc1+b1", built: 1_700_000_500)
            try await archive.add(
                "foo",
                "1.0",
                fields: ["Depends": "libfoo (>= 1:2.0~)"],
                built: 1_700_000_900
            )
            try await archive.publish()
            let outcome = try await archive.lock(archive.definition([("base", []), ("app", ["foo"])]))
            let base = try #require(outcome.lock.images["base"])
            #expect(base.packages.map(\.name) == ["apt", "base-files", "dpkg", "usr-is-merged"])
            #expect(base.packages.map(\.version) == ["2.6", "1", "1:1.21", "1"])
            #expect(base.epoch == TestArchive.built)
            let app = try #require(outcome.lock.images["app"])
            #expect(app.packages.map(\.name) == ["foo", "libfoo"])
            #expect(app.asked == ["foo"])
            #expect(app.epoch == 1_700_000_900)
            let library = app.packages[1]
            let file = archive.deb("libfoo", "1:2.0~rc1+b1")
            let bytes = try Files.read(file)
            #expect(
                library
                    == LockedPackage(
                        name: "libfoo",
                        version: "1:2.0~rc1+b1",
                        architecture: "all",
                        archive: "own",
                        path: "pool/libfoo_2.0~rc1+b1_all.deb",
                        size: Int64(bytes.count),
                        sha256: Digest(of: bytes)
                    )
            )
        }
    }

    @Test func `what is locked is written, kept and fits its definition`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("foo", "1.0")
            try await archive.publish()
            let definition = try archive.definition([("base", []), ("app", ["foo"]), ("bare", [])])
            let outcome = try await archive.lock(definition)
            #expect(outcome.written)
            #expect(outcome.changes.contains(PackageMove(image: "app", name: "foo", old: nil, new: "1.0")))
            #expect(outcome.lock.images["bare"]?.epoch == 0)
            let store = PackageStore(home: archive.home)
            for package in outcome.lock.images.values.flatMap(\.packages) {
                #expect(store.contains(package.sha256, size: package.size))
            }
            let read = try #require(try LockFile.read(archive.lockFile))
            #expect(read == outcome.lock)
            let stale = try read.staleness(
                against: definition,
                encoder: archive.encoder,
                platform: archive.platform
            )
            #expect(stale.isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `no collection sees what was fetched before the file names it`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            let home = archive.home
            let definition = try archive.definition([("base", [])])
            try Files.createDirectory(home.root)
            let store = home.root.appending("store.lock")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await archive.lock(definition) }
                group.addTask {
                    // As a collection would, whenever it may.
                    while !Task.isCancelled {
                        _ = try await FileLock.tryWith(store) {
                            let fetched = try Files.list(home.packages).filter { !$0.hasSuffix(".lock") }
                            #expect(fetched.isEmpty || Files.exists(archive.lockFile))
                        }
                        await Task.yield()
                    }
                }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(Files.exists(archive.lockFile))
        }
    }

    @Test func `nothing moved leaves the file untouched and asks no archive`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            let definition = try archive.definition([("base", []), ("app", [])])
            let first = try await archive.lock(definition)
            let before = Files.facts(archive.lockFile)
            try Files.remove(archive.root)
            let second = try await archive.lock(definition)
            #expect(!second.written)
            #expect(second.changes.isEmpty)
            #expect(second.lock == first.lock)
            #expect(Files.facts(archive.lockFile) == before)
        }
    }

    @Test func `two homes and another order of words give the same bytes`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("one", "1")
            try await archive.add("two", "1")
            try await archive.publish()
            let first = try await archive.lock(archive.definition([("base", ["one", "two"])]))
            let locker = Locker(
                home: KilnHome(root: sandbox.path.appending("other-home")),
                host: archive.host,
                platform: archive.platform,
                registry: RegistryClient(home: archive.home)
            )
            let second = try await locker.lock(
                try archive.definition([("base", ["two", "one", "two"])]),
                existing: nil,
                encoder: archive.encoder
            )
            #expect(LockFile.render(first.lock) == LockFile.render(second.lock))
        }
    }

    @Test func `a newer version comes with an update only, and takes along what needs it`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libfoo", "1")
            try await archive.add("foo", "1", fields: ["Depends": "libfoo (>= 1)"])
            try await archive.add("other", "1")
            try await archive.publish()
            let definition = try archive.definition([("base", ["libfoo"]), ("app", ["foo", "other"])])
            let first = try await archive.lock(definition)
            try await archive.add("libfoo", "2")
            try await archive.add("foo", "2", fields: ["Depends": "libfoo (>= 2)"])
            try await archive.add("other", "2")
            try await archive.publish()

            #expect(try await archive.lock(definition).changes.isEmpty)

            let named = try await archive.lock(definition, update: .packages(["libfoo"]))
            #expect(named.changes == [PackageMove(image: "base", name: "libfoo", old: "1", new: "2")])
            #expect(named.lock.images["app"] == first.lock.images["app"])

            let all = try await archive.lock(definition, update: .all)
            #expect(all.changes.map(\.name) == ["foo", "other"])
            #expect(try await !archive.lock(definition, update: .all).written)
        }
    }

    @Test func `a new package moves nothing that was locked, even what the archive has dropped`() async throws
    {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libfoo", "1")
            try await archive.add("foo", "1", fields: ["Depends": "libfoo"])
            try await archive.add("late", "1", fields: ["Depends": "libfoo"])
            try await archive.publish()
            let first = try await archive.lock(archive.definition([("base", ["libfoo"]), ("app", ["foo"])]))
            for name in ["libfoo", "foo"] {
                try Files.remove(archive.deb(name, "1"))
                try await archive.add(name, "2", fields: name == "foo" ? ["Depends": "libfoo"] : [:])
            }
            try await archive.publish()

            let definition = try archive.definition([("base", ["libfoo"]), ("app", ["foo", "late"])])
            let second = try await archive.lock(definition)
            #expect(second.changes == [PackageMove(image: "app", name: "late", old: nil, new: "1")])
            #expect(second.lock.images["base"] == first.lock.images["base"])
            let foo = second.lock.images["app"]?.packages.first
            #expect(foo == first.lock.images["app"]?.packages.first)
        }
    }

    @Test func `another suite brings its own versions, whatever is still kept`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("foo", "1")
            try await archive.publish()
            _ = try await archive.lock(archive.definition([("base", ["foo"])]))
            try Files.remove(archive.deb("foo", "1"))
            try await archive.add("foo", "2")
            try await archive.publish()
            let next = archive.root.appending("dists/next")
            try await ToolRunner().run(
                ToolInvocation("cp", ["-a", archive.root.appending("dists/test").string, next.string])
            )
            let definition = try archive.definition([("base", ["foo"])], suites: ["stable"])
            try Files.rename(next, to: archive.root.appending("dists/stable"))
            let outcome = try await archive.lock(definition)
            #expect(outcome.changes == [PackageMove(image: "base", name: "foo", old: "1", new: "2")])
        }
    }

    @Test func `an update takes along only what is tied to it`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            func publish(_ version: String) async throws {
                try await archive.add("libfoo", version)
                try await archive.add("foo", version, fields: ["Depends": "libfoo (= \(version))"])
                try await archive.add("other", version)
                try await archive.publish()
            }
            try await publish("1")
            let definition = try archive.definition([("base", ["foo", "other"])])
            _ = try await archive.lock(definition)
            try await publish("2")
            let outcome = try await archive.lock(definition, update: .packages(["foo"]))
            #expect(outcome.changes.map(\.name) == ["foo", "libfoo"])
        }
    }

    @Test func `a superseded package is kept from the pool while it lasts, else its update is named`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libfoo", "1")
            try await archive.add("late", "1", fields: ["Depends": "libfoo"])
            try await archive.publish()
            _ = try await archive.lock(archive.definition([("base", ["libfoo"])]))
            let old = try Files.read(archive.deb("libfoo", "1"))
            try Files.remove(archive.deb("libfoo", "1"))
            try await archive.add("libfoo", "2")
            try await archive.publish()
            // Another machine: nothing is kept there.
            try Files.remove(archive.home.root)
            let definition = try archive.definition([("base", ["libfoo"]), ("app", ["late"])])
            let error = await #expect(throws: LockError.self) { try await archive.lock(definition) }
            if let error {
                let golden = Golden.directory().appending("refused-superseded.txt")
                try Golden.expect(archive.rendered(error), matches: golden)
            }
            try Files.write(old, to: archive.deb("libfoo", "1"))
            let outcome = try await archive.lock(definition)
            #expect(outcome.changes == [PackageMove(image: "app", name: "late", old: nil, new: "1")])
        }
    }

    @Test func `an armoured keyring will do, whatever its suffix`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            let armoured = try await ToolRunner().run(
                ToolInvocation(
                    "gpg",
                    ["--enarmor", "--output", "-", archive.keyring.string],
                    environment: ["GNUPGHOME": sandbox.path.string]
                )
            )
            let text = armoured.text.replacing("ARMORED FILE", with: "PUBLIC KEY BLOCK")
            let keyring = try sandbox.write(text, to: "keys/own.gpg")
            var definition = try archive.definition([("base", [])])
            definition.archives["own"]?.keyring = keyring
            #expect(try await archive.lock(definition).written)
        }
    }

    @Test func `a changed parent resolves its children anew`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("libfoo", "1")
            try await archive.add("foo", "1", fields: ["Depends": "libfoo"])
            try await archive.publish()
            let first = try await archive.lock(archive.definition([("base", []), ("app", ["foo"])]))
            #expect(first.lock.images["app"]?.packages.map(\.name) == ["foo", "libfoo"])
            let second = try await archive.lock(archive.definition([("base", ["libfoo"]), ("app", ["foo"])]))
            #expect(second.lock.images["app"]?.packages.map(\.name) == ["foo"])
            #expect(
                second.changes == [
                    PackageMove(image: "base", name: "libfoo", old: nil, new: "1"),
                    PackageMove(image: "app", name: "libfoo", old: "1", new: nil),
                ]
            )
        }
    }

    @Test func `of several suites the newest version is taken, from where it is`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.minimal(in: sandbox)
            try await archive.add("foo", "1")
            try await archive.publish()
            let security = try await TestArchive.make(in: sandbox, named: "security")
            try await security.add("foo", "1+deb1")
            try await security.publish()
            // Two hosts for two suites, as the machine's sources have them.
            try sandbox.write(
                """
                deb file://\(archive.root)/ test main
                deb file:\(security.root) test main
                """,
                to: "etc-apt/sources.list"
            )
            try Files.write(
                try Files.read(archive.keyring) + Files.read(security.keyring),
                to: sandbox.path.appending("both.gpg")
            )
            var definition = try archive.definition([("base", ["foo"])])
            definition.archives["own"]?.mirror = .host
            definition.archives["own"]?.keyring = sandbox.path.appending("both.gpg")
            let outcome = try await archive.lock(definition)
            let foo = outcome.lock.images["base"]?.packages.first { $0.name == "foo" }
            #expect(foo?.version == "1+deb1")
            #expect(!LockFile.render(outcome.lock).contains(sandbox.path.string))
        }
    }
}
