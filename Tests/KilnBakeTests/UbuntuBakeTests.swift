import KilnArchive
import KilnBake
import KilnDefinition
import KilnLock
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `An Ubuntu-style archive` {
    @Test func `gives a root by the machine's own sources, and packages of all its suites and components`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let archive = try await UbuntuArchive.make(in: sandbox)
            var bakery = try Bakery(sandbox.path.appending("one"), home: sandbox.home)
            bakery.definition.archives["ubuntu"] = archive.definition
            var app = ImageDefinition(origin: .image("base"))
            app.packages = ["game"]
            bakery.definition.images = ["base": ImageDefinition(origin: .archive("ubuntu")), "app": app]
            let host = AptHost(etc: archive.etc)
            let locker = Locker(
                home: bakery.home,
                host: host,
                registry: RegistryClient(home: bakery.home),
                retries: 0
            )
            let lock = try await locker.lock(
                bakery.definition,
                existing: nil,
                encoder: bakery.definition.encoder
            ).lock
            #expect(lock.images["base"]?.packages.map(\.name) == ["apt", "base-files", "busybox", "dpkg"])
            // Phased at a tenth of machines: a lock is for all of them.
            #expect(
                lock.images["app"]?.packages.map { "\($0.name) \($0.version)" } == [
                    "fixed 2", "game 1", "tool 1.1",
                ]
            )

            let images = try await bakery.bake(with: lock)
            let base = try #require(try bakery.root(of: images[0]))
            for name in ["bin", "sbin", "lib", "lib64"] {
                #expect(base.lookup(name)?.kind == .symlink(target: "usr/\(name)"))
            }
            #expect(base.lookup("usr/bin/dpkg")?.mode == 0o755)
            let shown = try #require(try bakery.root(of: images[1]))
            #expect(shown.lookup("usr/games/made")?.size == 10)
            #expect(shown.lookup("var/lib/dpkg/info/game.list") != nil)
            #expect(try bakery.leftovers == [])
        }
    }
}
