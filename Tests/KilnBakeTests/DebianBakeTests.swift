import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

/// Real packages from the machine's own archive: slow, and the proof that the rest is right.
@Suite struct `Baking Debian` {
    @Test func `gives a sound root, and the same bits again`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox.path.appending("one"), home: sandbox.home)
            let lock = try await bakery.lock()
            let images = try await bakery.bake(with: lock)
            try await Self.expectSound(images, in: bakery, sandbox)
            try await Self.expectRuns(try #require(images.last), in: bakery, sandbox)
            #expect(try bakery.leftovers == [])

            let again = try Self.bakery(
                sandbox.path.appending("two"),
                home: KilnHome(root: sandbox.path.appending("home2"))
            )
            sandbox.onExit { try Files.remove(again.home.runtime) }
            try Files.createDirectory(again.home.root)
            try Files.rename(bakery.home.packages, to: again.home.packages)
            let images2 = try await again.bake(with: lock)
            for (left, right) in zip(images.flatMap(\.layers), images2.flatMap(\.layers)) {
                let difference = Set(try Self.listing(left, bakery))
                    .symmetricDifference(try Self.listing(right, again))
                #expect(difference.sorted() == [], "\(left.title)")
            }
            #expect(images2.map(\.manifest) == images.map(\.manifest))
        }
    }

    @Test func `lays out plain packages just as dpkg unpacks them`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try Self.bakery(sandbox.path.appending("one"), home: sandbox.home)
            let lock = try await bakery.lock()
            try await PackageFetcher(
                home: bakery.home,
                definition: bakery.definition,
                registry: RegistryClient(home: bakery.home)
            )
            .fetch(try #require(lock.images["base"]).packages)
            let ours = try await Self.installed(lock, in: bakery, leavingAllToDpkg: false)
            let dpkgs = try await Self.installed(lock, in: bakery, leavingAllToDpkg: true)
            #expect(Set(ours).symmetricDifference(dpkgs).sorted() == [])
        }
    }

    /// What the base's packages come to, as a layer's listing.
    private static func installed(
        _ lock: Lock,
        in bakery: Bakery,
        leavingAllToDpkg: Bool
    ) async throws -> [String] {
        let image = try #require(lock.images["base"])
        let home = bakery.home
        var installer = PackageInstaller(
            image: "base",
            packages: image.packages,
            fresh: true,
            epoch: image.epoch,
            span: nil,
            file: { PackageStore(home: home).path($0.sha256) },
            containers: ContainerRunner(home: home)
        )
        installer.leavesAllToDpkg = leavingAllToDpkg
        let layer = try await BakeWorkspace.with(home) { workspace in
            try await BakeRoot.with([], in: workspace) { root in
                try await installer.install(into: root, work: WorkID("install"))
            } upper: { upper, _ in
                let epochs = LayerEpochs(own: image.epoch, newest: image.epoch)
                return try await ImageStore(home: home).ingestLayer(encoding: .zstd(level: 1)) { writer in
                    try Normalizer.normalize(LayerTree(root: upper), epochs)
                    try LayerDiff.write(tree: upper, form: .overlayUpper, epoch: image.epoch, to: &writer)
                }
            }
        }
        return listing(layer.index)
    }

    /// A base, and an image on it with an interpreter and an application. gzip, which every peer reads.
    private static func bakery(_ folder: FilePath, home: KilnHome) throws -> Bakery {
        var bakery = try Bakery(folder, home: home, compression: .gzip)
        bakery.definition.archives["debian"] = ArchiveDefinition(
            suites: ["bookworm", "bookworm-updates", "bookworm-security"]
        )
        var base = ImageDefinition(origin: .archive("debian"))
        base.packages = ["ca-certificates", "tzdata"]
        var app = ImageDefinition(origin: .image("base"))
        app.packages = ["python3-minimal"]
        app.users = [UserDefinition(name: "app", uid: 10001)]
        app.files = [FileDefinition(source: "app.py", target: "/opt/app.py")]
        app.steps = [StepDefinition(run: "check.sh")]
        app.entrypoint = ["python3", "/opt/app.py"]
        bakery.definition.images = ["base": base, "app": app]
        try bakery.write("print('hello from', __import__('os').uname().nodename)\n", to: "app.py")
        try bakery.write("test \"$(id -u app)\" = 10001\npython3 -m py_compile /opt/app.py\n", to: "check.sh")
        return bakery
    }

    /// dpkg and apt have nothing to complain about, asked in the root itself.
    private static func expectSound(
        _ images: [BakedImage],
        in bakery: Bakery,
        _ sandbox: Sandbox
    ) async throws {
        for image in images {
            var layers: [SealedLayer] = []
            for layer in image.layers {
                layers.append(
                    try await SealedLayers(home: bakery.home).seal(layer.diffID, blob: layer.blob)
                )
            }
            let upper = OverlayMount.Upper(
                directory: sandbox.path.appending("\(image.name)-upper"),
                work: sandbox.path.appending("\(image.name)-work")
            )
            try Files.createDirectory(upper.directory)
            try Files.createDirectory(upper.work)
            let mount = OverlayMount(
                layers: layers,
                at: sandbox.path.appending("\(image.name)-mount"),
                upper: upper
            )
            try await mount.with { root in
                for command in [["dpkg", "--audit"], ["dpkg", "--verify"]] {
                    let output = try await ToolRunner().run(ToolInvocation("chroot", [root.string] + command))
                    #expect(output.text == "", "\(image.name): \(command)")
                }
                try await ToolRunner().run(ToolInvocation("chroot", [root.string, "apt-get", "check"]))
                #expect(!Files.exists(root.pushing("usr/sbin/policy-rc.d")))
                #expect(!Files.exists(root.appending("kiln")))
                #expect(!Files.exists(root.pushing("etc/apt/sources.list")))
                #expect(try Files.readText(root.pushing("var/lib/dpkg/available")) == "")
            }
        }
    }

    /// A peer unpacks the image to a bundle that a plain runtime starts.
    static func expectRuns(_ image: BakedImage, in bakery: Bakery, _ sandbox: Sandbox) async throws {
        let bundle = sandbox.path.appending("bundle")
        let tools = ToolRunner()
        try await tools.run(
            ToolInvocation(
                "umoci",
                ["unpack", "--image", "\(bakery.home.images):\(image.name)", bundle.string]
            )
        )
        let config = bundle.appending("config.json")
        let edited = try await tools.run(
            ToolInvocation("jq", [".process.terminal = false | .hostname = \"peer\"", config.string])
        )
        try Files.write(edited.standardOutput, to: config)
        let id = "kiln-test-\(bakery.home.identifier)"
        let output = try await tools.run(
            ToolInvocation(
                "runc",
                ["--root", sandbox.path.appending("runc").string, "run", "--bundle", bundle.string, id]
            )
        )
        #expect(output.text == "hello from peer\n")
    }

    private static func listing(_ layer: BakedLayer, _ bakery: Bakery) throws -> [String] {
        listing(try #require(try LayerIndexes(home: bakery.home).load(layer.diffID)))
    }

    private static func listing(_ index: LayerIndex) -> [String] {
        index.entries.map { entry in
            "\(entry.path) \(String(entry.mode, radix: 8)) \(entry.uid):\(entry.gid) \(entry.mtime) \(entry.kind)"
        }
    }
}
