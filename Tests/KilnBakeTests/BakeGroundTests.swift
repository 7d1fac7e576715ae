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

/// What lies below or beside what is baked: images, tars, the home.
@Suite struct `The ground of a bake` {
    /// The step removes some of what the cleaning is about, and writes the rest anew.
    @Test func `takes nothing that a step removed from the layers below`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let files = ["etc/shadow-", "etc/machine-id", "var/lib/dbus/machine-id", "var/tmp/x"]
            for file in files { try sandbox.write("old", to: "root/" + file) }
            let (root, tar) = (sandbox.path.appending("root"), bakery.folder.appending("root.tar"))
            try await ToolRunner().run(
                ToolInvocation("cp", ["-a", bakery.folder.appending("bin").string, root.string])
            )
            try await ToolRunner().run(ToolInvocation("tar", ["-C", root.string, "-cf", tar.string, "."]))
            var app = ImageDefinition(origin: .image("root"))
            app.steps = [StepDefinition(run: "one.sh")]
            bakery.definition.images = ["root": ImageDefinition(origin: .tar("root.tar")), "app": app]
            try bakery.write(
                "rm /etc/shadow- /etc/machine-id; echo new > /var/lib/dbus/machine-id; echo new > /var/tmp/x\n",
                to: "one.sh"
            )
            let image = try #require(try await bakery.bake(["app"]).last)
            let shown = try #require(try bakery.root(of: image))
            #expect(files.filter { shown.lookup($0) != nil } == [])
        }
    }

    @Test func `tells of a tar that is gone or another one, and of a cached one by a warning`() async throws {
        try await Sandbox.with { sandbox in
            var bakery = try Bakery(sandbox.path.appending("a"), home: sandbox.home)
            let tar = bakery.folder.appending("root.tar")
            func make(_ text: String) async throws {
                try sandbox.write(text, to: "tree/f")
                try await ToolRunner().run(
                    ToolInvocation(
                        "tar",
                        ["-C", sandbox.path.appending("tree").string, "-cf", tar.string, "f"]
                    )
                )
            }
            try await make("one")
            bakery.definition.images = ["root": ImageDefinition(origin: .tar("root.tar"))]
            let lock = try await bakery.lock()
            try await make("two")
            let changed = try await #require(throws: BakeError.self) { try await bakery.bake(with: lock) }
            #expect(changed.diagnostic.code == "bake.tar-changed")
            #expect(changed.diagnostic.exitStatus == .usage)
            try Files.remove(tar)
            let missing = try await #require(throws: BakeError.self) { try await bakery.bake(with: lock) }
            #expect(missing.diagnostic.message == #"there is no file "root.tar""#)
            try await make("one")
            _ = try await bakery.bake(with: try await bakery.lock())
            let known = try await bakery.lock()
            try Files.remove(tar)
            let warnings = Mutex<[Diagnostic]>([])
            let receiver = FactReceiver { fact in
                if case .diagnostic(let warning) = fact { warnings.withLock { $0.append(warning) } }
            }
            let images = try await Progress.$receiver.withValue(receiver) {
                try await bakery.bake(with: known)
            }
            #expect(images.map(\.isCached) == [true])
            #expect(warnings.withLock { $0 }.map(\.severity) == [.warning])
            #expect(warnings.withLock { $0 }.map(\.message) == [#"there is no file "root.tar""#])
        }
    }

    @Test func `takes no access control list of the home into its layers`() async throws {
        try await Sandbox.with { sandbox in
            let plain = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let expected = try await plain.bake().map(\.manifest)
            let home = KilnHome(root: sandbox.path.appending("home2"))
            sandbox.onExit { try Files.remove(home.runtime) }
            try Files.createDirectory(home.root)
            try Self.setDefaultAccess(of: home.root)
            let listed = try await Bakery.withBusybox(sandbox.path.appending("b"), home: home)
            let images = try await listed.bake()
            #expect(images.map(\.manifest) == expected)
            let image = try #require(images.last)
            let root = try #require(try listed.root(of: image))
            #expect(root.entries.filter { !$0.xattrs.isEmpty }.map(\.path) == [])
        }
    }

    /// What `setfacl -d -m u:1000:rwx` sets (linux/posix_acl_xattr.h): a version, then tag, permissions and id.
    private static func setDefaultAccess(of folder: FilePath) throws {
        let nobody = UInt32.max
        let entries: [(UInt16, UInt16, UInt32)] = [
            (0x01, 7, nobody), (0x02, 7, 1000), (0x04, 5, nobody), (0x10, 7, nobody), (0x20, 5, nobody),
        ]
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian, Array.init)
        }
        let value = bytes(UInt32(2)) + entries.flatMap { bytes($0.0) + bytes($0.1) + bytes($0.2) }
        let descriptor = open(folder.string, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        try ExtendedAttributes.set("system.posix_acl_default", value, of: descriptor, path: folder.string)
    }

    @Test func `makes a damaged base layer anew, and says so`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let base = try #require(try await bakery.bake().first?.layers.first)
            let layers = SealedLayers(home: bakery.home)
            let sealed = try #require(try layers.lookup(base.diffID))
            chmod(sealed.path.string, 0o600)
            let file = open(sealed.path.string, O_WRONLY)
            #expect(pwrite(file, "x", 1, off_t(sealed.size) - 1) == 1)
            close(file)
            await #expect(throws: StoreError.self) { try await layers.verify(sealed) }
            try bakery.write("echo 2 > /opt/two\n", to: "install.sh")
            let warnings = Mutex<[String]>([])
            let receiver = FactReceiver { fact in
                if case .diagnostic(let warning) = fact { warnings.withLock { $0.append(warning.code) } }
            }
            _ = try await Progress.$receiver.withValue(receiver) { try await bakery.bake() }
            #expect(warnings.withLock { $0 } == ["store.layer.altered"])
            #expect(try layers.lookup(base.diffID)?.digest == sealed.digest)
            try await layers.verify(sealed)
        }
    }

    @Test func `leaves a base layer be that another process made anew meanwhile`() async throws {
        try await Sandbox.with { sandbox in
            let bakery = try await Bakery.withBusybox(sandbox.path.appending("a"), home: sandbox.home)
            let base = try #require(try await bakery.bake().first?.layers.first)
            let path = SealedLayers(home: bakery.home).path(for: base.diffID)
            let good = try Files.read(path)
            try Files.write(good.dropLast() + [good[good.count - 1] ^ 0xFF], to: path)
            try bakery.write("echo 2 > /opt/two\n", to: "install.sh")
            let lock = bakery.home.layers.appending(".\(base.diffID.short).lock")
            try await withThrowingTaskGroup(of: Void.self) { group in
                let inode = try await FileLock.with(lock) {
                    group.addTask { _ = try await bakery.bake() }
                    // The bake has found the damage when it has the layer's lock open too.
                    try await eventually("the bake waits for the layer") { try Self.timesOpen(lock) > 1 }
                    try Files.write(good, to: path)
                    return Files.facts(path)?.inode
                }
                try await group.waitForAll()
                #expect(Files.facts(path)?.inode == inode)
            }
        }
    }

    /// In this process.
    private static func timesOpen(_ path: FilePath) throws -> Int {
        let descriptors: FilePath = "/proc/self/fd"
        let real = Files.facts(path)
        return try Files.list(descriptors).count { name in
            let facts = Files.facts(descriptors.appending(name), followingSymlinks: true)
            return facts != nil && facts?.inode == real?.inode && facts?.device == real?.device
        }
    }
}
