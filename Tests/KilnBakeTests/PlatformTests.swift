import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `Baking for several platforms` {
    private static let arm = ImagePlatform(architecture: "arm64")
    private static let mainframe = ImagePlatform(architecture: "s390x")

    private static func bakery(_ sandbox: Sandbox) throws -> Bakery {
        var bakery = try Bakery(sandbox.path.appending("project"), home: sandbox.home)
        try bakery.write("both", to: "both")
        try bakery.write("arm", to: "arm")
        var base = ImageDefinition(origin: .scratch)
        base.platforms = [arm, mainframe]
        base.files = [FileDefinition(source: "both", target: "/both")]
        var app = ImageDefinition(origin: .image("base"))
        app.files = [FileDefinition(source: "arm", target: "/arm", platforms: [arm])]
        app.entrypoint = ["/both"]
        bakery.definition.images = ["base": base, "app": app]
        return bakery
    }

    @Test func `gives an image for each, and an index that names them`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            let images = try await bakery.bake()
            #expect(
                images.map(\.name.description).sorted() == [
                    "app@linux/arm64", "app@linux/s390x", "base@linux/arm64", "base@linux/s390x",
                ]
            )
            let store = ImageStore(home: bakery.home)
            let index = try #require(try store.index(try store.resolve("app")))
            #expect(index.platforms == [Self.arm, Self.mainframe])
            for (platform, layers) in [(Self.arm, 2), (Self.mainframe, 1)] {
                let image = try #require(index.image(for: platform))
                let manifest = try store.manifest(image.digest).value
                let config = try store.config(manifest).value
                #expect(config.platform == platform && manifest.layers.count == layers)
                #expect(manifest.baseDigest == (try store.image("base", for: platform).digest))
                #expect(config.config?.labels?[ImageRuntime.label]?.contains(#""name":"app""#) == true)
                #expect(try store.ancestry(of: image.digest).members.map(\.standing) == [.current, .current])
            }
            let seen = try await ToolRunner().run(
                ToolInvocation("skopeo", ["inspect", "--raw", "oci:\(store.home.images):app"])
            )
            #expect(seen.standardOutput == (try store.read(try store.resolve("app").digest)))
        }
    }

    @Test func `gives the same index in another home, on a machine of whatever platform`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            let lock = try await bakery.lock()
            _ = try await bakery.bake(with: lock)
            let other = KilnHome(root: sandbox.path.appending("other"))
            _ = try await BakeExecutor(definition: bakery.definition, lock: lock, home: other).bake()
            let first = try ImageStore(home: bakery.home).resolve("app").digest
            #expect(try ImageStore(home: other).resolve("app").digest == first)
            let executor = BakeExecutor(definition: bakery.definition, lock: lock, home: other)
            let keys = try await executor.plan([]).0.images.flatMap(\.layers).map(\.key)
            #expect(Set(keys).count == keys.count)
        }
    }

    @Test func `one that is named alone leaves the common name where it was`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            _ = try await bakery.bake()
            let store = ImageStore(home: bakery.home)
            let before = try store.resolve("app")
            try bakery.write("changed", to: "arm")
            let baked = try await bakery.bake(["app@linux/arm64"])
            #expect(baked.map(\.name.description) == ["base@linux/arm64", "app@linux/arm64"])
            #expect(try store.resolve("app") == before)
            _ = try await bakery.bake(["app"])
            #expect(try store.image("app", for: Self.arm).digest == baked[1].manifest.digest)
        }
    }

    @Test func `programs of a CPU that nobody can play are refused before anything is done`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try Self.bakery(sandbox)
            try bakery.write("true", to: "step.sh")
            bakery.definition.images["app"]?.steps = [StepDefinition(run: "step.sh")]
            let registered = try await BinaryFormats.registered()
            let header = try #require(Self.mainframe.programHeader)
            // A machine on which qemu plays mainframes too has nothing to refuse.
            guard registered?.format(of: header) == nil else { return }
            let error = await #expect(throws: BakeError.self) { try await bakery.bake(["app@linux/s390x"]) }
            #expect(error?.diagnostic.code == "bake.foreign-programs")
            #expect(error?.diagnostic.message.contains("linux/s390x") == true)
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `a clock that is another CPU's is not loaded`() async throws {
        try await Sandbox.with { sandbox in
            guard let clock = FalseClock.installed() else { return }
            let root = sandbox.path.appending("root")
            let folder = root.pushing("usr/lib/aarch64-linux-gnu")
            try Files.createDirectory(folder)
            var library = try Files.read(clock.library, limit: 64 << 20)
            try Files.write(library, to: folder.appending("libc.so.6"))
            #expect(clock.isLoadable(in: root))
            library[18] ^= 0xFF
            try Files.write(library, to: folder.appending("libc.so.6"))
            #expect(!clock.isLoadable(in: root))
        }
    }
}
