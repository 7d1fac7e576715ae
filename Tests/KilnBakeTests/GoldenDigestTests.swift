import Glibc
import KilnArchive
import KilnBake
import KilnDefinition
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

/// The digests of small images of every kind of layer, held against files: whoever changes what a layer holds moves a
/// version of `BakeBehaviour` or of a normalizer with them, and only then `KILN_UPDATE_GOLDEN=1` writes them anew.
@Suite(
    .enabled(if: Files.exists("/bin/busybox"), "needs busybox-static"),
    .enabled(if: ImagePlatform.host.architecture == "amd64", "the digests are amd64's")
)
struct `Golden digests` {
    @Test(arguments: [Compression.zstd, .gzip])
    func `of layers are what they were`(_ compression: Compression) async throws {
        try await Self.baked(compression) { images in
            let behaviours = BakeBehaviour.all.map(\.description).joined(separator: " ")
            // Of what stands on the machine's own programs only the layer itself is the same everywhere.
            let layers =
                Self.whole(images).flatMap { image in
                    ["\(image.name) image ID \(image.imageID)"]
                        + image.layers.map { "\(image.name) \($0.kind.rawValue) \($0.diffID)" }
                }
                + images.filter { ["stepped", "installed"].contains($0.name) }.compactMap { image in
                    image.layers.last.map { "\(image.name) \($0.kind.rawValue) \($0.diffID)" }
                }
            try Golden.expect(
                (["behaviour \(behaviours)"] + layers).joined(separator: "\n") + "\n",
                matches: Golden.directory().appending("layers.txt")
            )
        }
    }

    /// Blobs are one encoder's: another version of its library gives others, and says so by its name.
    @Test(
        .enabled(if: isKnown(.zstd), "the digests are another zstd's"),
        .enabled(if: isKnown(.gzip), "the digests are another libdeflate's"),
        arguments: [Compression.zstd, .gzip]
    )
    func `of manifests are what this encoder gave`(_ compression: Compression) async throws {
        try await Self.baked(compression) { images in
            let manifests = Self.whole(images).map { "\($0.name) \($0.manifest.digest)" }
            try Golden.expect(
                ([Self.head(compression)] + manifests).joined(separator: "\n") + "\n",
                matches: Self.file(compression)
            )
        }
    }

    private static func isKnown(_ compression: Compression) -> Bool {
        let known = (try? Files.readText(file(compression))) ?? ""
        return getenv("KILN_UPDATE_GOLDEN") != nil || known.hasPrefix(head(compression) + "\n")
    }

    private static func head(_ compression: Compression) -> String {
        "encoder \(LayerEncoding(compression).encoderName)"
    }

    private static func file(_ compression: Compression) -> FilePath {
        Golden.directory().appending("manifests-\(compression.rawValue).txt")
    }

    private static func whole(_ images: [BakedImage]) -> [BakedImage] {
        images.filter { ["ground", "app"].contains($0.name) }
    }

    private static func baked(
        _ compression: Compression,
        _ body: ([BakedImage]) throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await bakery(sandbox, compression)
            var lock = try await bakery.lock()
            lock.images["installed"]?.packages = [try await package(sandbox, bakery.home)]
            lock.images["installed"]?.epoch = 1_700_000_000
            try body(try await bakery.bake(with: lock))
        }
    }

    /// `ground`: a tar's root, the same on every machine; `app` on it: a user, files and a step. `installed` stands on the
    /// machine's own dpkg, of which nothing shows in the layer above it.
    private static func bakery(_ sandbox: Sandbox, _ compression: Compression) async throws -> Bakery {
        var bakery = try Bakery(sandbox.path.appending("a"), home: sandbox.home, compression: compression)
        try await makeGround(in: bakery.folder)
        try await makeMachine(in: bakery.folder)
        var app = ImageDefinition(origin: .image("ground"))
        app.version = "1"
        app.users = [UserDefinition(name: "app", uid: 10001, home: "/srv")]
        app.files = [FileDefinition(source: "data", target: "/srv/data", owner: "app", mode: 0o640)]
        app.entrypoint = ["/srv/run"]
        var stepped = ImageDefinition(origin: .image("machine"))
        stepped.steps = [StepDefinition(run: "step.sh")]
        bakery.definition.images = [
            "ground": ImageDefinition(origin: .tar("ground.tar")), "app": app,
            "machine": ImageDefinition(origin: .tar("machine.tar")),
            "stepped": stepped, "installed": ImageDefinition(origin: .image("machine")),
        ]
        try bakery.write("data\n", to: "data/deep/file")
        try bakery.write(
            "mkdir -p /opt/made /var/log; echo made > /opt/made/file; chmod 4755 /opt/made/file\n"
                + "ln -s made /opt/link; echo log > /var/log/app.log; rm /etc/gone\n",
            to: "step.sh"
        )
        return bakery
    }

    private static func makeGround(in folder: FilePath) async throws {
        let script = """
            mkdir -p g/etc g/srv; cd g; echo hello > etc/hello; ln etc/hello etc/again; ln -s hello etc/link
            echo root:x:0:0:root:/root:/bin/sh > etc/passwd; echo root:x:0: > etc/group
            chmod 755 . etc srv; chmod 644 etc/*
            tar --format=pax --pax-option=delete=atime,delete=ctime --sort=name --numeric-owner --owner=0 --group=0 \\
              --mtime=@1600000000 -cf ../ground.tar .
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-ec", script], workingDirectory: folder))
    }

    /// A root in which dpkg runs: its programs with the libraries that they name, and a shell that runs them instead of
    /// what it has of the same name itself.
    private static func makeMachine(in folder: FilePath) async throws {
        let script = """
            mkdir -p m; cd m; mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc tmp var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers
            for link in bin sbin lib lib64; do ln -s usr/$link $link; done
            programs="/usr/bin/dpkg /usr/bin/dpkg-deb /usr/bin/dpkg-query /usr/bin/dpkg-split /bin/tar /bin/dash"
            cp $programs usr/bin/
            ldd $programs | grep -o '/[^ ]*\\.so[^ ]*' | grep -v ':$' | sort -u | while read library; do
              mkdir -p ".$(dirname "$library")"; cp -L "$library" ".$library"
            done
            cp /bin/busybox usr/bin/busybox
            ln -s dash usr/bin/sh
            for name in rm ls cat echo mkdir chmod ln test diff ldconfig start-stop-daemon update-rc.d; do
              [ -e usr/bin/$name ] || ln -s busybox usr/bin/$name
            done
            : > etc/gone; : > var/lib/dpkg/status; : > var/lib/dpkg/available
            echo root:x:0:0:root:/root:/bin/sh > etc/passwd; echo root:x:0: > etc/group
            tar --numeric-owner --owner=0 --group=0 -cf ../machine.tar .
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-ec", script], workingDirectory: folder))
    }

    /// A package that the test builds, in the store as if it had been fetched.
    private static func package(_ sandbox: Sandbox, _ home: KilnHome) async throws -> LockedPackage {
        try sandbox.write(
            "Package: tool\nVersion: 1.0-1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n",
            to: "package/DEBIAN/control"
        )
        try sandbox.write(
            "#!/bin/sh\necho made > /var/lib/tool\n",
            to: "package/DEBIAN/postinst",
            mode: 0o755
        )
        try sandbox.write("/etc/tool.conf\n", to: "package/DEBIAN/conffiles")
        try sandbox.write("conf\n", to: "package/etc/tool.conf")
        try sandbox.write("#!/bin/sh\n", to: "package/usr/bin/tool", mode: 0o755)
        let deb = sandbox.path.appending("tool.deb")
        let script = """
            cd \(sandbox.path)/package; find . -type d -exec chmod 755 {} +; chmod 644 etc/tool.conf; chmod 755 usr/bin/tool
            find . -exec touch -h -d @1690000000 {} +
            SOURCE_DATE_EPOCH=1690000000 dpkg-deb -Zgzip --root-owner-group --build . \(deb)
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-ec", script]))
        let bytes = try Files.read(deb)
        let digest = Digest(of: bytes)
        try await PackageStore(home: home).adopt(deb, expecting: digest, size: Int64(bytes.count))
        return LockedPackage(
            name: "tool",
            version: "1.0-1",
            architecture: "all",
            archive: "none",
            path: "pool/tool.deb",
            size: Int64(bytes.count),
            sha256: digest
        )
    }
}
