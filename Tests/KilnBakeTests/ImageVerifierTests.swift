import Glibc
import KilnArchive
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite(.enabled(if: Files.exists("/bin/busybox"), "needs busybox-static"))
struct `Verifying images` {
    private static func verify(
        _ bakery: Bakery,
        _ names: [ImageName] = []
    ) async throws -> [ImageVerification] {
        // The umask is the whole process's, in which other tests run beside this one: end-to-end tests change that.
        var conditions = BakeConditions.hostile()
        conditions.umask = nil
        return try await ImageVerifier(
            definition: bakery.definition,
            lock: try await bakery.lock(),
            home: bakery.home,
            conditions: conditions
        )
        .verify(names)
    }

    private static func verdicts(_ bakery: Bakery, _ image: BakedImage) throws -> [LayerVerdict.Result?] {
        let known = try LayerCache(home: bakery.home).verdicts(of: Set(image.layers.map(\.diffID)))
        return image.layers.map { known[$0.diffID]?.result }
    }

    @Test func `makes them again, finds them the same, and keeps the verdicts`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let images = try await bakery.bake()
            let app = try #require(images.last)
            #expect(try Self.verdicts(bakery, app) == [nil, nil, nil])
            let found = try await Self.verify(bakery, ["app"])
            #expect(found.map(\.name) == ["app"])
            let verification = try #require(found.first)
            #expect(verification.isSame && !verification.wasBaked)
            #expect(verification.stored.manifest == app.manifest.digest)
            #expect(verification.rebuilt.imageID == app.imageID)
            #expect(verification.layers.map(\.image) == ["tools", "app", "app"])
            #expect(verification.layers.map(\.number) == [1, 2, 3])
            #expect(try Self.verdicts(bakery, app) == [.verified, .verified, .verified])
            #expect(try bakery.leftovers == [])
            // Looking did not move anything, nor does the next bake.
            #expect(try await bakery.bake().map(\.manifest) == images.map(\.manifest))
            #expect(try Self.verdicts(bakery, app) == [.verified, .verified, .verified])
        }
    }

    @Test func `finds what the store keeps damaged, and what it lost`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let app = try #require(try await bakery.bake().last)
            let store = ImageStore(home: bakery.home)
            let rotten = store.blobPath(app.layers[1].blob.digest)
            var bytes = try Files.read(rotten)
            bytes[bytes.count / 2] ^= 1
            try Files.write(bytes, to: rotten)
            try Files.remove(store.blobPath(app.layers[2].blob.digest))
            let verification = try #require(try await Self.verify(bakery, ["app"]).first)
            #expect(verification.layers.map(\.isDamaged) == [false, true, true] && !verification.isSame)
            #expect(try Self.verdicts(bakery, app)[1] == nil)
        }
    }

    @Test func `names the step, its place and the files when they come out otherwise`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            try bakery.write(
                """
                mkdir -p /opt; cat /proc/sys/kernel/random/uuid > /opt/uuid
                /bin/busybox grep -c /home- /proc/self/mountinfo > /opt/place || true; echo same > /opt/same

                """,
                to: "install.sh"
            )
            bakery.definition.images["app"]?.steps.append(StepDefinition(run: "good.sh"))
            try bakery.write("echo good > /opt/good\n", to: "good.sh")
            let app = try #require(try await bakery.bake().last)
            let verification = try #require(try await Self.verify(bakery, ["app"]).first)
            #expect(!verification.isSame)
            #expect(verification.layers.map(\.isSame) == [true, true, false, true])
            let layer = verification.layers[2]
            #expect(layer.title == "kiln step install.sh")
            #expect(layer.kind == .step && layer.image == "app")
            #expect(layer.differences.map(\.path) == ["opt/place", "opt/uuid"])
            #expect(layer.differences.last?.changes.map(\.what) == ["content"])
            #expect(try Self.verdicts(bakery, app) == [.verified, .verified, .differs, .verified])
            #expect(try bakery.leftovers == [])
        }
    }

    @Test(arguments: [
        "/bin/busybox grep -o 'upperdir=[^,]*' /proc/self/mountinfo",
        "cat /proc/self/status | while read name value; do case $name in Cpus_allowed_list:) echo $value;; esac; done",
        "cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid",
    ])
    func `sees what depends on the circumstances`(_ command: String) async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            try bakery.write("mkdir -p /opt; \(command) > /opt/found\n", to: "install.sh")
            let found = try await Self.verify(bakery, ["app"])
            let isOneCPU = command.contains("Cpus") && BakeConditions.hostile().surroundings.cpu == nil
            #expect(found.first?.isSame == isOneCPU)
        }
    }

    @Test func `bakes first what the store lacks, and says so`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            _ = try await bakery.bake(["tools"])
            let found = try await Self.verify(bakery)
            #expect(found.map(\.wasBaked) == [false, true])
            #expect(found.map(\.isSame) == [true, true])
            #expect(try ImageStore(home: bakery.home).list().map(\.name) == ["app", "tools"])
        }
    }

    @Test func `does not take another state of the definition for a difference`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            _ = try await bakery.bake()
            let former = try ImageStore(home: bakery.home).resolve("app")
            try bakery.write("other", to: "app/one")
            try bakery.write("other", to: "app/sub/two")
            _ = try await bakery.bake()
            try await ImageStore(home: bakery.home).tag("app", former)
            let error = await #expect(throws: BakeError.self) { try await Self.verify(bakery, ["app"]) }
            #expect(error?.diagnostic.code == "bake.other-origin")
            #expect(error?.diagnostic.hint == "run: kiln bake app")
            #expect(try bakery.leftovers == [])
        }
    }

    /// As after a pull: the store has the image, and nothing here ever baked it.
    @Test func `verifies an image that was baked elsewhere`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let app = try #require(try await bakery.bake().last)
            try Files.remove(bakery.home.cache)
            let found = try await Self.verify(bakery, ["app"])
            #expect(found.first?.isSame == true)
            #expect(try Self.verdicts(bakery, app) == [.verified, .verified, .verified])
            #expect(try await bakery.bake().flatMap(\.layers).allSatisfy(\.isCached))
        }
    }

    @Test func `tells of a step that fails what was unlike in a bake, and keeps what it said`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            try bakery.write(
                "if /bin/busybox grep -q /home- /proc/self/mountinfo; then /bin/busybox seq 1 30; exit 1; fi\n",
                to: "install.sh"
            )
            _ = try await bakery.bake()
            let error = try await #require(throws: BakeError.self) { try await Self.verify(bakery, ["app"]) }
            let notes = error.diagnostics.filter { $0.severity == .note }
            let circumstances = try #require(notes.first { $0.code == "bake.circumstances" }?.message)
            #expect(circumstances.hasPrefix("unlike a plain bake it had "))
            if let cpu = BakeConditions.hostile().surroundings.cpu {
                #expect(circumstances.contains("one CPU (number \(cpu))"))
            }
            #expect(error.diagnostic.hint?.contains("kiln bake --rebuild-from app/install.sh ") == true)
            let log = bakery.home.root.pushing("logs/bake/app-2-step.verify.log")
            #expect(notes.last?.message == "all 30 lines of its output are in \(log)")
            #expect(try Files.readText(log).split(separator: "\n").count == 30)
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `leaves nothing when the step fails the second time`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            try bakery.write(
                "if /bin/busybox grep -q /home- /proc/self/mountinfo; then exit 1; fi\n",
                to: "install.sh"
            )
            _ = try await bakery.bake()
            await #expect(throws: BakeError.self) { try await Self.verify(bakery) }
            #expect(try bakery.leftovers == [])
        }
    }
}
