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

    @Test func `one that is named alone moves the common name, once the others are of the same state`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            let store = ImageStore(home: bakery.home)
            func parts() throws -> [Digest] { try store.images(in: store.resolve("app")).map(\.digest) }

            // In two runs, the first of which cannot name anything yet.
            let first = try await bakery.bake(["app@linux/arm64"])
            #expect(first.map(\.name.description) == ["base@linux/arm64", "app@linux/arm64"])
            #expect(throws: StoreError.self) { try store.resolve("app") }
            let second = try await bakery.bake(["app@linux/s390x"])
            #expect(try parts() == [first[1].manifest.digest, second[1].manifest.digest])
            let before = try parts()

            // What is meant for one platform alone leaves the other as it was.
            try bakery.write("changed", to: "arm")
            let third = try await bakery.bake(["app@linux/arm64"])
            #expect(try parts() == [third[1].manifest.digest, before[1]] && parts() != before)

            // What both have makes the other one old.
            try bakery.write("changed", to: "both")
            let named = try store.resolve("app")
            let recorder = FactRecorder()
            let fourth = try await Progress.$receiver.withValue(recorder) {
                try await bakery.bake(["app@linux/arm64"])
            }
            #expect(try store.resolve("app") == named)
            #expect(try store.platformsAhead(of: "app") == [Self.arm])
            let notes = recorder.diagnostics.filter { $0.code == "bake.platforms" }.map(\.message)
            #expect(notes.count == 2 && notes.allSatisfy { $0.contains("linux/s390x") })
            let fifth = try await bakery.bake(["app@linux/s390x"])
            #expect(try parts() == [fourth[1].manifest.digest, fifth[1].manifest.digest])
        }
    }

    @Test func `cannot be verified under a name that stands for others`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox)
            _ = try await bakery.bake()
            let store = ImageStore(home: bakery.home)
            let right = try store.resolve("app")
            var conditions = BakeConditions.hostile()
            conditions.umask = nil
            let verifier = ImageVerifier(
                definition: bakery.definition,
                lock: try await bakery.lock(),
                home: bakery.home,
                conditions: conditions
            )
            #expect(try await verifier.verify(["app"]).allSatisfy(\.isSame))
            try await store.tag("app", try store.resolve("base"))
            let error = await #expect(throws: BakeError.self) { try await verifier.verify(["app"]) }
            #expect(error?.diagnostic.code == "bake.other-origin")
            #expect(try await verifier.verify(["app@linux/arm64"]).allSatisfy(\.isSame))
            try await store.tag("app", right)
            #expect(try await verifier.verify(["app"]).allSatisfy(\.isSame))
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
