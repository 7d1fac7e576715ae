import Glibc
import KilnAdvisories
import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnInventory

@Suite struct `Images that mean no good` {
    private static let status = Samples.dpkg(("a", "1"))

    @Test func `every reader ends with damaged files and finds what is whole`() async throws {
        let texts: [(String, String)] = [
            ("x.dist-info/METADATA", "Name: a\nVersion: 1\nLicense: MIT\n\nbody\n"),
            ("x.egg-info/PKG-INFO", "Name: a\nVersion: 1\n"),
            (
                "node_modules/a/package.json",
                #"{"name": "a", "version": "1.0.0", "license": {"type": "MIT"}}"#
            ),
            ("specifications/a-1.gemspec", "  s.name = \"a\".freeze\n  s.version = \"1\"\n"),
            (
                "Package.resolved",
                #"{"version": 2, "pins": [{"location": "https://a/b", "state": {"version": "1"}}]}"#
            ),
            ("lib/apk/db/installed", "P:a\nV:1\nA:x\nF:bin\nR:sh\n\nP:b\nV:2\n\n"),
        ]
        for (place, (path, text)) in texts.enumerated() {
            try await Damage.read(Array(text.utf8), as: path, seed: UInt64(place))
        }
    }

    @Test(.enabled(if: ExecutableSearch.find("jar") != nil, "needs a JDK"))
    func `damaged Java archives are passed over`() async throws {
        let bytes = try await Sandbox.with { sandbox in
            let script = """
                set -e; cd \(sandbox.path); mkdir -p META-INF/maven/a/b
                printf 'groupId=a\\nartifactId=b\\nversion=1\\n' > META-INF/maven/a/b/pom.properties
                jar cf in.jar META-INF; jar cf out.jar META-INF in.jar
                """
            try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
            return try Files.read(sandbox.path.appending("out.jar"))
        }
        try await Damage.read(bytes, as: "out.jar", seed: 21)
    }

    @Test func `a folder's links and pipes lead nowhere`() async throws {
        try await Sandbox.with { sandbox in
            let outside = try sandbox.write("Package: a\nVersion: 1\n", to: "outside/status")
            let root = sandbox.path.appending("root")
            try Samples.tree(
                ["var/lib/dpkg/status": .link(outside.string), "usr": .link("/usr"), "etc/self": .link(".")],
                at: root
            )
            #expect(mkfifo(root.appending("usr/../fifo.jar").string, 0o644) == 0 || errno != 0)
            mkfifo(root.appending("pipe.jar").string, 0o644)
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(found.entries == [] && found.unowned == [])
        }
    }

    @Test func `a zip that unpacks without end costs little`() async throws {
        // 64 MiB of zeros in a nested archive, beyond what the format can be trusted with.
        try await Sandbox.with { sandbox in
            let script = """
                set -e; cd \(sandbox.path); mkdir -p root
                head -c 67108864 /dev/zero > zeros.jar
                python3 - <<'END'
                import zipfile
                with zipfile.ZipFile("root/bomb.jar", "w", zipfile.ZIP_DEFLATED) as z: z.write("zeros.jar")
                END
                """
            try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
            let root = sandbox.path.appending("root")
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(found.entries == [])
        }
    }

    @Test func `a layer that is not what its image says is refused`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try await Samples.image(
                "a:1",
                in: ImageStore(home: home),
                layers: [["var/lib/dpkg/status": Self.status]]
            )
            let layout = home.images
            let index = try Files.readText(layout.appending("index.json"))
            let other = KilnHome(root: sandbox.path.appending("other"))
            // The layout's only image, as it is: read, hashed, kept.
            let found = try await Inventory.read(.layout(layout, tag: "a:1"), home: other)
            #expect(found.packages.map(\.name) == ["a"])
            #expect(index.contains("a:1"))
            // The same with another layer's blob under its name.
            let manifest = try ImageStore(home: home).manifest(
                try ImageStore(home: home).resolve("a:1").digest
            ).value
            let blob = ImageStore(home: home).blobPath(manifest.layers[0].digest)
            try await Samples.image("b:1", in: ImageStore(home: home), layers: [["etc/x": .text("x")]])
            let second = try ImageStore(home: home).manifest(try ImageStore(home: home).resolve("b:1").digest)
                .value
            try Files.write(
                try Files.read(ImageStore(home: home).blobPath(second.layers[0].digest)),
                to: blob
            )
            let fresh = KilnHome(root: sandbox.path.appending("fresh"))
            await #expect(throws: ArchiveError.self) {
                try await Inventory.read(.layout(layout, tag: "a:1"), home: fresh)
            }
        }
    }

    @Test func `a path list past its room says how many it lacks`() {
        var paths = PathList()
        let long = String(repeating: "x", count: 4000)
        for number in 0..<15_000 { paths.append("\(number)/\(long)", .file, size: 1) }
        #expect(paths.bytes.count <= PathList.longest)
        #expect(paths.dropped > 0 && paths.count + paths.dropped == 15_000)
    }
}
