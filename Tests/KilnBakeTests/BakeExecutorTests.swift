import Glibc
import KilnArchive
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import Synchronization
import SystemPackage
import Testing

@Suite struct `Baking images` {
    @Test func `each image says all that it stands on, the nearest first`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try Bakery(sandbox.path.appending("a"), home: sandbox.home)
            let file = FileDefinition(source: "file", target: "/file")
            var base = ImageDefinition(origin: .scratch)
            base.files = [file]
            bakery.definition.images = [
                "base": base, "runtime": ImageDefinition(origin: .image("base")),
                "shop": ImageDefinition(origin: .image("runtime")),
            ]
            try bakery.write("1", to: "file")
            let images = try await bakery.bake()
            let manifests = try images.map { image in
                try ImageStore(home: sandbox.home).manifest(image.manifest.digest).value
            }
            let digests = images.map(\.manifest.digest)
            #expect(
                manifests.map(\.ancestry) == [
                    nil, AncestryRecord(digests: [digests[0]], isClosed: true),
                    AncestryRecord(digests: [digests[1], digests[0]], isClosed: true),
                ]
            )
        }
    }

    @Test func `refuse a folder where a step wants a script, before anything is made`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            var changed = bakery
            changed.definition.images["app"]?.steps = [StepDefinition(run: "data")]
            let error = try await #require(throws: BakeError.self) { try await changed.bake() }
            #expect(error.diagnostic.message == #"a step runs a file, and "data" is a folder"#)
            #expect(error.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `stacks layers of files and steps into images with names`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let images = try await bakery.bake()
            #expect(images.map(\.name) == ["tools", "app"])
            let app = try #require(images.last)
            #expect(app.layers.map(\.kind) == [.files, .files, .step])
            #expect(app.layers.allSatisfy { !$0.isCached })
            let root = try #require(try bakery.root(of: app))
            #expect(root.lookup("opt/app/sub/two")?.mode == 0o755)
            #expect(root.lookup("opt/app/sub/two")?.uid == 10001)
            #expect(root.lookup("opt/app/one") == nil)
            #expect(root.lookup("opt/made/file")?.mtime == 0)
            #expect(
                root.entries.filter { !$0.path.contains("/") }.map(\.path) == ["bin", "etc", "opt", "srv"]
            )
            #expect(try ImageStore(home: bakery.home).list().map(\.name) == ["app", "tools"])
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `describes the image in OCI's words and in Kiln's own`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let images = try await bakery.bake()
            let app = try #require(images.last)
            let config = try bakery.config(of: app)
            #expect(config.created == "1970-01-01T00:00:00Z")
            #expect(
                config.config?.env == [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=tools",
                ]
            )
            #expect(config.config?.entrypoint == ["/bin/sh"])
            #expect(config.config?.user == "app")
            #expect(config.config?.stopSignal == "SIGQUIT")
            #expect(Set(config.config?.exposedPorts?.keys ?? [:].keys) == ["8080/tcp", "9000/tcp"])
            #expect(config.rootfs.diffIDs == app.layers.map(\.diffID))
            #expect(
                config.history?.map(\.createdBy) == [
                    "kiln files /bin", "kiln files user:app /opt/app", "kiln step install.sh",
                ]
            )
            let label = try #require(config.config?.labels?[ImageRuntime.label])
            let runtime = try CanonicalJSON.decode(ImageRuntime.self, from: Array(label.utf8))
            #expect(runtime == ImageRuntime("app", bakery.definition.resolvedImage("app")))
            let manifest = try ImageStore(home: bakery.home).manifest(app.manifest.digest).value
            #expect(
                manifest.annotations == [
                    "org.opencontainers.image.version": "1.2.3",
                    "org.opencontainers.image.base.name": "tools",
                    "org.opencontainers.image.base.digest": images[0].manifest.digest.description,
                    "dev.kiln.ancestors": images[0].manifest.digest.description,
                    "dev.kiln.ancestors.complete": "true",
                ]
            )
        }
    }

    @Test func `uses what an earlier bake made, and says so`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let first = try await bakery.bake()
            let facts = Mutex<[ProgressFact]>([])
            let receiver = FactReceiver { fact in facts.withLock { $0.append(fact) } }
            let second = try await Progress.$receiver.withValue(receiver) { try await bakery.bake() }
            #expect(second.map(\.manifest) == first.map(\.manifest))
            #expect(second.map(\.isCached) == [true, true])
            let hits = facts.withLock { $0 }.count {
                if case .finished(_, true, _) = $0 { true } else { false }
            }
            #expect(hits == 3)
        }
    }

    @Test func `makes again what a change touches and no more`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let first = try await bakery.bake()
            try bakery.write("TWO", to: "app/sub/two", mode: 0o755)
            let second = try await bakery.bake()
            #expect(second[0].manifest == first[0].manifest)
            #expect(second[1].layers.map(\.isCached) == [true, false, false])
            #expect(second[1].layers[1].diffID != first[1].layers[1].diffID)
            // The step does the same on other ground: its own changes are the same bytes.
            #expect(second[1].layers[2].diffID == first[1].layers[2].diffID)
        }
    }

    /// In a process of its own: umask and time zone are a process's.
    @Test func `gives the same manifest in another folder, home, umask, time zone and order`() async throws {
        await #expect(processExitsWith: .success) {
            for compression in Compression.allCases { try await Self.expectSameManifest(compression) }
        }
    }

    private static func expectSameManifest(_ compression: Compression) async throws {
        try await Sandbox.with { sandbox in
            umask(0o022)
            setenv("TZ", "UTC", 1)
            let one = try await Bakery.withBusybox(
                sandbox.path.appending("one"),
                home: sandbox.home,
                compression: compression
            )
            let expected = try await one.bake().map(\.manifest)
            umask(0o077)
            setenv("TZ", "Pacific/Kiritimati", 1)
            tzset()
            let two = try await Bakery.withBusybox(
                sandbox.path.appending("elsewhere/two"),
                home: KilnHome(root: sandbox.path.appending("home2")),
                compression: compression
            )
            // Written anew in another order, with other modes and times.
            try Files.remove(two.folder.appending("app"))
            try two.write("two", to: "app/sub/two", mode: 0o700)
            try two.write("one", to: "app/one", mode: 0o600)
            utimes(
                two.folder.pushing("app/one").string,
                [timeval(tv_sec: 5, tv_usec: 0), timeval(tv_sec: 5, tv_usec: 0)]
            )
            chmod(two.folder.appending("app").string, 0o700)
            sandbox.onExit { try Files.remove(two.home.runtime) }
            #expect(try await two.bake().map(\.manifest) == expected)
        }
    }

    @Test func `can be read by skopeo`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let app = try #require(try await bakery.bake().last)
            let output = try await ToolRunner().run(
                ToolInvocation("skopeo", ["inspect", "--raw", "oci:\(bakery.home.images):app"])
            )
            #expect(Digest(of: output.standardOutput) == app.manifest.digest)
            try await ToolRunner().run(
                ToolInvocation(
                    "skopeo",
                    ["copy", "oci:\(bakery.home.images):app", "dir:\(sandbox.path.appending("copy"))"]
                )
            )
        }
    }

    @Test func `takes a tar as the root, sorted, with its own times and owners`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try Bakery(sandbox.path.appending("a"), home: sandbox.home)
            try sandbox.write("z", to: "tree/z")
            try sandbox.write("b", to: "tree/a/b", mode: 0o640)
            link(sandbox.path.pushing("tree/z").string, sandbox.path.pushing("tree/a/hard").string)
            try await ToolRunner().run(
                ToolInvocation(
                    "tar",
                    [
                        "--mtime=@777", "--owner=:7", "--group=:8", "-czf",
                        bakery.folder.appending("root.tgz").string,
                        "-C", sandbox.path.appending("tree").string, "z", "a/hard", "a/b",
                    ]
                )
            )
            bakery.definition.images = ["root": ImageDefinition(origin: .tar("root.tgz"))]
            let image = try #require(try await bakery.bake().first)
            let root = try #require(try bakery.root(of: image))
            #expect(root.entries.map(\.path) == ["a", "a/b", "a/hard", "z"])
            #expect(root.lookup("a/b")?.mode == 0o640)
            #expect(root.lookup("a/b")?.uid == 7)
            #expect(root.lookup("z")?.mtime == 777)
            #expect(root.lookup("z")?.digest == root.lookup("a/hard")?.digest)
        }
    }

    @Test func `refuses a lock that does not match, and says what to run`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let lock = try await bakery.lock()
            bakery.definition.images["new"] = ImageDefinition(origin: .scratch)
            let error = try await #require(throws: DiagnosticFailure.self) {
                try await bakery.bake(with: lock)
            }
            #expect(error.diagnostics.map(\.code) == ["lock.stale"])
            #expect(error.exitStatus == .usage)
        }
    }

    @Test func `refuses to put a device node into an image`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            try bakery.write("mknod /opt/null c 1 3\n", to: "install.sh")
            let error = try await #require(throws: BakeError.self) { try await bakery.bake() }
            #expect(error.diagnostic.message == #"a layer of "app" would hold a device node: /opt/null"#)
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `bakes users and files without root, and says what needs it`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let lock = try await bakery.lock()
            let executor = BakeExecutor(
                definition: bakery.definition,
                lock: lock,
                home: bakery.home,
                userID: 1000
            )
            #expect(try await executor.bake(["tools"]).map(\.name) == ["tools"])
            let error = try await #require(throws: BakeError.self) { try await executor.bake() }
            #expect(error.diagnostic.code == "bake.needs-root")
            #expect(error.diagnostic.message == #"baking "app" needs root"#)
            #expect(try ImageStore(home: bakery.home).list().map(\.name) == ["tools"])
        }
    }
}

/// Hands over every fact.
struct FactReceiver: ProgressReceiver {
    let fact: @Sendable (ProgressFact) -> Void

    func receive(_ fact: ProgressFact) { self.fact(fact) }
}
