import Glibc
import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `Cleaning a fresh layer` {
    @Test(arguments: [
        "var/cache/apt/pkgcache.bin", "var/cache/apt/archives/a.deb", "var/lib/apt/lists/partial/x",
        "var/cache/ldconfig/aux-cache", "var/log/dpkg.log", "var/log/alternatives.log",
        "var/log/apt/history.log",
        "var/lib/dpkg/status-old", "var/cache/debconf/config.dat-old", "etc/shadow-",
        "var/backups/dpkg.status.0",
        "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/cache/man/index.db", "var/tmp/x",
        "tmp/folder.Xy12/deep/file", "run/lock/app", "etc/ssh/ssh_host_ed25519_key",
        "etc/ssh/ssh_host_ed25519_key.pub", "etc/ssl/private/ssl-cert-snakeoil.key",
        "etc/ssl/certs/ssl-cert-snakeoil.pem", "etc/munge/munge.key",
    ])
    func `takes out`(_ path: String) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/" + path)
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, .none)
            #expect(tree.facts(path) == nil)
        }
    }

    @Test(arguments: ["var/lib/apt/lists/partial", "var/backups", "var/tmp", "tmp", "run", "etc/ssh"])
    func `leaves the folder that it cleans`(_ folder: String) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/\(folder)/x")
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, .none)
            #expect(tree.facts(folder)?.kind == .directory)
        }
    }

    @Test(arguments: ["var/tmp/tmp.Xy12", "tmp/.X11-unix", "run/user"])
    func `leaves no folder in a place for scratch`(_ folder: String) async throws {
        try await Sandbox.with { sandbox in
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Files.createDirectory(tree.root.pushing(FilePath(folder)))
            try Normalizer.normalize(tree, .none)
            #expect(tree.facts(folder) == nil)
        }
    }

    @Test func `takes out the names by which a removed certificate was found, and no others`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/etc/ssl/certs/ssl-cert-snakeoil.pem")
            try sandbox.write("x", to: "tree/etc/ssl/certs/mine.pem")
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            let certificates = tree.root.pushing("etc/ssl/certs")
            symlink("ssl-cert-snakeoil.pem", certificates.appending("3bbd7d8c.0").string)
            symlink("mine.pem", certificates.appending("0123abcd.0").string)
            try Normalizer.normalize(tree, .none)
            #expect(try tree.names(in: "etc/ssl/certs") == ["0123abcd.0", "mine.pem"])
        }
    }

    /// What a step removed, and what it wrote where the image below has something too.
    @Test(arguments: [
        "etc/shadow-", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed", "var/lib/dpkg/status-old",
        "var/lib/apt/lists/index", "var/tmp/x",
    ])
    func `brings nothing back from the layers below`(_ path: String) async throws {
        try await Sandbox.with { sandbox in
            let below = RootIndex.stacked([
                LayerIndex(entries: [
                    LayerIndex.Entry(path: path, kind: .file(size: 1, digest: Digest(of: "x")), mode: 0o600)
                ])
            ])
            for isRemoved in [true, false] {
                let root = sandbox.path.appending("tree-\(isRemoved)")
                let location = root.pushing(FilePath(path))
                try Files.createDirectory(location.removingLastComponent())
                if isRemoved {
                    mknod(location.string, S_IFCHR, 0)
                } else {
                    try Files.write("new", to: location)
                }
                try Normalizer.normalize(LayerTree(root: root, below: below), .none)
                var info = stat()
                #expect(lstat(location.string, &info) == 0)
                #expect(info.st_mode & S_IFMT == S_IFCHR && info.st_rdev == 0, "removed: \(isRemoved)")
            }
        }
    }

    @Test(arguments: [
        "var/lib/dpkg/status", "var/cache/debconf/config.dat", "etc/shadow", "etc/hostname",
        "usr/lib/dpkg.log",
        "var/lib/apt/extended_states",
    ])
    func `leaves alone`(_ path: String) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/" + path)
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, .none)
            #expect(try tree.text(path) == "x")
        }
    }

    @Test(arguments: ["var/log/lastlog", "var/log/private/app.log", "etc/machine-id"])
    func `empties`(_ path: String) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/" + path, mode: 0o640)
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, .none)
            #expect(tree.facts(path)?.size == 0)
            #expect(tree.facts(path)?.mode == 0o640)
        }
    }

    @Test func `follows no link out of the tree`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("mine", to: "outside/log/dpkg.log")
            try sandbox.write("mine", to: "outside/cache/apt/pkgcache.bin")
            try sandbox.write("root:*:99999::::::", to: "outside/shadow")
            let root = sandbox.path.appending("tree")
            try Files.createDirectory(root.appending("etc"))
            symlink(sandbox.path.appending("outside").string, root.appending("var").string)
            symlink(sandbox.path.appending("outside/shadow").string, root.pushing("etc/shadow").string)
            try Normalizer.normalize(LayerTree(root: root), .none)
            #expect(try Files.readText(sandbox.path.pushing("outside/log/dpkg.log")) == "mine")
            #expect(try Files.readText(sandbox.path.pushing("outside/cache/apt/pkgcache.bin")) == "mine")
            #expect(try Files.readText(sandbox.path.pushing("outside/shadow")) == "root:*:99999::::::")
        }
    }

    @Test func `gives folders the epoch's time`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "tree/a/b/c")
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, LayerEpochs(own: 777, newest: 999))
            #expect(["a", "a/b"].map { tree.facts($0)?.modified } == [777_000_000_000, 777_000_000_000])
        }
    }

    @Test(arguments: [
        ("root:*:20000:0:99999:7:::\n", "root:*:19000:0:99999:7:::\n"),
        ("a:!:18999::::::", "a:!:18999::::::"),
        ("a:!:::::::\nrubbish\n", "a:!:::::::\nrubbish\n"), ("", ""), ("a:!:0::::::", "a:!:0::::::"),
    ])
    func `lets no password be younger than the epoch`(_ text: String, _ expected: String) {
        #expect(ShadowDays.clamp(text, to: 19000 * 86400 + 5) == expected)
    }

    /// 0 would ask for a new password at the next login.
    @Test func `takes the day away where the epoch has none`() {
        #expect(ShadowDays.clamp("a:!:20000::::::\n", to: 0) == "a:!:::::::\n")
        #expect(ShadowDays.clamp("a:!:20000::::::\n", to: 86399) == "a:!:::::::\n")
    }

    @Test func `holds passwords against the newest epoch of the image and those below it`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("a:*:20000::::::\nb:*:19000::::::\n", to: "tree/etc/shadow")
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            try Normalizer.normalize(tree, LayerEpochs(own: 0, newest: 19500 * 86400))
            #expect(try tree.text("etc/shadow") == "a:*:19500::::::\nb:*:19000::::::\n")
        }
    }

    /// The machine's clock may be behind the packages' epoch.
    @Test func `takes the day of the bake for the epoch's, before it too`() {
        let made: [ClosedRange<Int64>] = [18000 * 86400 + 5...18000 * 86400 + 9]
        #expect(
            ShadowDays.clamp("a:!:18000::::::\nb:!:17999::::::\n", to: 19000 * 86400, made: made)
                == "a:!:19000::::::\nb:!:17999::::::\n"
        )
    }

    /// A year later a rebuild takes days of a year ago for the bake's.
    @Test func `leaves the lines of the layers below as they are`() async throws {
        try await Sandbox.with { sandbox in
            let shadow = "root:*:18000::::::\n"
            try sandbox.write(shadow + "new:!:18000::::::\n", to: "tree/etc/shadow")
            let below = LayerIndex(entries: [], captured: ["etc/shadow": Array(shadow.utf8)])
            let tree = LayerTree(root: sandbox.path.appending("tree"), below: RootIndex.stacked([below]))
            let day: Int64 = 18000 * 86400
            let epochs = LayerEpochs(own: 0, newest: 19000 * 86400).made(in: [day...day + 5])
            try Normalizer.normalize(tree, epochs)
            #expect(try tree.text("etc/shadow") == shadow + "new:!:19000::::::\n")
        }
    }

    @Test(arguments: [
        ("usr/lib/__pycache__/a.cpython-311.pyc", "usr/lib/a.py"), ("a/b.pyc", "a/b.py"),
        ("__pycache__/m.cpython-312.opt-1.pyc", "m.py"), ("__pycache__/a.b.cpython-311.pyc", "a.b.py"),
        ("__pycache__/a.b.cpython-311.opt-2.pyc", "a.b.py"), ("lib/a.b.pyc", "lib/a.b.py"),
        ("__pycache__/odd.pyc", "odd.py"),
    ])
    func `knows where byte code has its source`(module: String, source: String) {
        #expect(ByteCode.source(of: module) == source)
    }

    @Test func `leaves byte code alone only where its source is a layer's below`() async throws {
        try await Sandbox.with { sandbox in
            var module: [UInt8] = [0xA7, 0x0D, 0x0D, 0x0A, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 4, 0, 0, 0]
            module += Array("code".utf8)
            let modules = [
                "own": "lib/__pycache__/own.cpython-311.pyc",
                "lower": "lib/__pycache__/lower.cpython-311.pyc",
                "replaced": "lib/__pycache__/replaced.cpython-311.pyc",
                "dotted": "lib/__pycache__/a.b.cpython-311.pyc",
                // compileall -b, after which the sources were deleted.
                "alone": "lib/alone.pyc", "linked": "lib/__pycache__/linked.cpython-311.pyc",
            ]
            for path in modules.values {
                let file = sandbox.path.pushing(FilePath("tree/" + path))
                try Files.createDirectory(file.removingLastComponent())
                try Files.write(module, to: file)
            }
            for name in ["own", "a.b", "replaced"] { try sandbox.write("x = 1\n", to: "tree/lib/\(name).py") }
            symlink("own.py", sandbox.path.pushing("tree/lib/linked.py").string)
            var tree = LayerTree(root: sandbox.path.appending("tree"))
            tree.below = try await Self.index(
                of: ["lib/lower.py", "lib/replaced.py"],
                in: ImageStore(home: sandbox.home)
            )
            try Normalizer.normalize(tree, LayerEpochs(own: 0, newest: 0))
            for (name, path) in modules {
                #expect(try tree.bytes(path)?[8] == (name == "lower" ? 0xFF : 0), "\(name)")
            }
        }
    }

    private static func index(of files: [String], in store: ImageStore) async throws -> RootIndex {
        let layer = try await store.ingestLayer(encoding: .standard) { writer in
            for path in files {
                try writer.append(TarEntry(path: path, kind: .file(size: 0), mode: 0o644), content: [])
            }
        }
        return try #require(try LayerIndexes(home: store.home).root(of: [layer.diffID]))
    }

    @Test func `lets byte code of sources from the bake name the time that the layer gives them`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let source = try sandbox.write("x = {'a', 'b'}\n", to: "tree/opt/app/module.py")
            let old = try sandbox.write("y = 1\n", to: "tree/opt/app/old.py")
            let script =
                "touch -d @1000 \(old); cd \(source.removingLastComponent()) && /usr/bin/python3 -c 'import module, old'"
            try await ToolRunner().run(
                ToolInvocation(
                    "sh",
                    ["-c", script],
                    environment: ["SOURCE_DATE_EPOCH": nil, "PYTHONDONTWRITEBYTECODE": nil]
                )
            )
            let tree = LayerTree(root: sandbox.path.appending("tree"))
            let folder = "opt/app/__pycache__"
            let modules = try tree.names(in: folder)
            #expect(modules.count == 2)
            try Normalizer.normalize(tree, LayerEpochs(own: 0x0102_0304, newest: 0x0102_0304))
            for name in modules {
                let bytes = try #require(try tree.bytes(folder + "/" + name))
                #expect(Array(bytes[8..<12]) == (name.hasPrefix("old") ? [0xE8, 3, 0, 0] : [4, 3, 2, 1]))
            }
            // Python itself takes the module for up to date then, and does not write it again.
            let before = try Files.read(
                tree.root.pushing(FilePath(folder)).appending(try #require(modules.first))
            )
            try await ToolRunner().run(
                ToolInvocation(
                    "sh",
                    [
                        "-c",
                        "touch -d @16909060 \(source); cd \(source.removingLastComponent()) && /usr/bin/python3 -c 'import module'",
                    ],
                    environment: ["SOURCE_DATE_EPOCH": nil, "PYTHONDONTWRITEBYTECODE": nil]
                )
            )
            let after = try Files.read(
                tree.root.pushing(FilePath(folder)).appending(try #require(modules.first))
            )
            #expect(before == after)
        }
    }

    @Test(arguments: ["", "short", "0123456789abcdefgh", "ab\r\n\u{1}\0\0\0\u{7F}\u{7F}\u{7F}\u{7F}sizecode"])
    func `leaves alone what is no byte code by its source's time`(_ text: String) {
        #expect(ByteCode.settled(Array(text.utf8), .none) == nil)
    }

    @Test func `has a name, a reason and a version for each cleaner`() {
        #expect(Set(Normalizer.all.map(\.name)).count == Normalizer.all.count)
        #expect(Normalizer.all.allSatisfy { !$0.reason.isEmpty && $0.version > 0 })
        #expect(BakeBehaviour.version(of: .packages).contains("shadow-days/4"))
    }
}

extension LayerEpochs {
    /// Of an image without packages, on nothing.
    static let none = LayerEpochs(own: 0, newest: 0)
}
