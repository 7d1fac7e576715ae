import Glibc
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `Laying out a package` {
    @Test func `puts files where links in the root lead, with modes, owners and times`() async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            try sandbox.write("#!/bin/sh\n", to: "package/bin/tool", mode: 0o755)
            try sandbox.write("conf", to: "package/etc/tool.conf", mode: 0o640)
            symlink("tool", sandbox.path.pushing("package/bin/alias").string)
            link(
                sandbox.path.pushing("package/bin/tool").string,
                sandbox.path.pushing("package/bin/hard").string
            )
            let deb = try await Self.build(sandbox, conffiles: ["/etc/tool.conf"])
            let unpacked = try await Self.unpack(deb, into: root, conffiles: ["/etc/tool.conf"])
            let tree = LayerTree(root: root)
            #expect(tree.facts("usr/bin/tool")?.mode == 0o755)
            #expect(tree.facts("usr/bin/tool")?.inode == tree.facts("usr/bin/hard")?.inode)
            #expect(tree.facts("usr/bin/alias")?.kind == .symlink)
            #expect(tree.facts("etc/tool.conf") == nil)
            #expect(try tree.text("etc/tool.conf.dpkg-new") == "conf")
            #expect(tree.facts("etc/tool.conf.dpkg-new")?.mode == 0o640)
            #expect(unpacked.list.first == "/.")
            #expect(
                Set(unpacked.list) == [
                    "/.", "/bin", "/bin/tool", "/bin/alias", "/bin/hard", "/etc", "/etc/tool.conf",
                ]
            )
            #expect(unpacked.files.contains("usr/bin/tool"))
        }
    }

    @Test func `keeps names apart that only look the same`() async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let names = ["caf\u{e9}", "cafe\u{301}"]
            for name in names { try sandbox.write("x", to: "package/opt/\(name)/\(name)") }
            let deb = try await Self.build(sandbox, conffiles: [])
            let unpacked = try await Self.unpack(deb, into: root, conffiles: [])
            let tree = LayerTree(root: root)
            for name in names { #expect(tree.facts("opt/\(name)/\(name)")?.kind == .file) }
            #expect(unpacked.files.count == 2)
        }
    }

    /// The package's own path leads through a link that points out of the root on the machine.
    @Test func `never leaves the root`() async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let outside = sandbox.path.appending("outside")
            try Files.createDirectory(outside)
            symlink(outside.string, root.appending("opt").string)
            symlink("../../../../../.." + outside.string, root.appending("srv").string)
            try sandbox.write("x", to: "package/opt/one")
            try sandbox.write("x", to: "package/srv/two")
            let deb = try await Self.build(sandbox, conffiles: [])
            _ = try await Self.unpack(deb, into: root, conffiles: [])
            #expect(try Files.list(outside) == [])
            #expect(Files.exists(root.pushing(FilePath(String(outside.string.dropFirst()))).appending("one")))
            #expect(Files.exists(root.pushing(FilePath(String(outside.string.dropFirst()))).appending("two")))
        }
    }

    @Test func `names what dpkg-deb complains of`() async throws {
        try await Sandbox.with { sandbox in
            let deb = try sandbox.write("no package", to: "broken.deb")
            let error = try await #require(throws: ToolError.self) {
                try await Self.unpack(deb, into: try Self.root(sandbox), conffiles: [])
            }
            #expect(error.diagnostics.first?.causes.first?.hasPrefix("dpkg-deb: error: ") == true)
        }
    }

    /// dpkg-deb only says that nobody reads what it writes.
    @Test func `names the entry that it refuses`() async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let large = String(repeating: "x", count: 1 << 20)
            for name in ["a-large", "z-large"] { try sandbox.write(large, to: "package/opt/\(name)") }
            mknod(sandbox.path.pushing("package/opt/node").string, S_IFCHR | 0o600, 0x103)
            let deb = try await Self.build(sandbox, conffiles: [])
            let error = try await #require(throws: BakeError.self) {
                try await Self.unpack(deb, into: root, conffiles: [])
            }
            #expect(error.diagnostic.message == "tool.deb is no package that can be installed")
            #expect(error.diagnostic.causes == ["opt/node: device nodes are not allowed here"])
        }
    }

    /// One package's file is where the other wants a folder.
    @Test(arguments: ["opt/x/file", "opt/x/deep/file"])
    func `leaves packages to dpkg that want different things at one place`(
        _ path: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let folder = sandbox.path.appending("debs")
            try Files.createDirectory(folder)
            var archives: [ControlArchive] = []
            for (name, file) in [("first", path), ("second", "opt/x")] {
                try Files.remove(sandbox.path.appending("package"))
                try sandbox.write(name, to: "package/" + file)
                try sandbox.write("", to: "package/DEBIAN/md5sums")
                let deb = try await Self.build(
                    sandbox,
                    name: name,
                    isEssential: name == "first",
                    conffiles: []
                )
                try Files.rename(deb, to: folder.appending(name + ".deb"))
                archives.append(
                    try await ControlArchive.read(
                        PackageFile(path: folder.appending(name + ".deb"), tools: ToolRunner())
                    )
                )
            }
            let root = sandbox.path.appending("fresh")
            try Files.createDirectory(root)
            let steps = try await FreshRoot(root: root, folder: folder, tools: ToolRunner()).prepare(archives)
            #expect(
                steps == [
                    .unpack(["first"], ignoringDependencies: true), .configure(["first"]),
                    .unpack(["second"], ignoringDependencies: false), .configurePending,
                ]
            )
            #expect(Files.facts(root.pushing("opt/x"))?.kind == .directory)
        }
    }

    @Test func `checks packages before it unpacks them, and deletes a damaged one`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "package/opt/x")
            let deb = try await Self.build(sandbox, conffiles: [])
            var package = LockedPackage.sample("tool")
            package.sha256 = Digest(of: "what was locked")
            let installer = PackageInstaller(
                image: "base",
                packages: [package],
                fresh: true,
                epoch: 0,
                span: nil,
                file: { _ in deb },
                containers: ContainerRunner(home: sandbox.home)
            )
            let bundle = sandbox.path.appending("bundle")
            try Files.createDirectory(bundle)
            let root = BakeRoot(path: try Self.root(sandbox), upper: bundle, bundle: bundle)
            let error = try await #require(throws: BakeError.self) {
                try await installer.install(into: root, work: WorkID("install"))
            }
            #expect(error.diagnostic.code == "bake.damaged-package")
            #expect(error.diagnostic.message.hasSuffix(": tool 1"))
            #expect(!Files.exists(deb))
        }
    }

    @Test func `tells when the order of packages would show`() {
        let folder = UnpackedPackage.Folder(mode: 0o755, uid: 0, gid: 0)
        let other = UnpackedPackage.Folder(mode: 0o700, uid: 0, gid: 0)
        let one = UnpackedPackage(files: ["usr/bin/a"], folders: ["usr": folder, "usr/bin": folder])
        #expect(
            !UnpackedPackage.disagree([one, UnpackedPackage(files: ["usr/bin/b"], folders: ["usr": folder])])
        )
        #expect(UnpackedPackage.disagree([one, UnpackedPackage(files: ["usr/bin/a"])]))
        #expect(UnpackedPackage.disagree([one, UnpackedPackage(folders: ["usr": other])]))
        #expect(UnpackedPackage.disagree([one, UnpackedPackage(folders: ["usr/bin/a": folder])]))
    }

    @Test func `takes for plain only what has nothing to run or to listen for before`() throws {
        func isPlain(_ members: [String: String]) throws -> Bool {
            let all = members.merging(["control": "Package: a\nVersion: 1\n"]) { $1 }
            return try ControlArchive(
                all.mapValues { ControlArchive.Member(mode: 0o644, time: 0, content: Array($0.utf8)) },
                of: "a.deb"
            ).control.isPlain
        }
        #expect(try isPlain(["md5sums": "", "postinst": "", "triggers": "# x\nactivate-noawait ldconfig\n"]))
        #expect(try !isPlain(["postinst": ""]))
        #expect(try !isPlain(["md5sums": "", "preinst": ""]))
        #expect(try !isPlain(["md5sums": "", "triggers": "interest-noawait /usr/share/x\n"]))
        #expect(try !isPlain(["md5sums": "", "conffiles": "remove-on-upgrade /etc/x\n"]))
    }

    private static func root(_ sandbox: Sandbox) throws -> FilePath {
        let root = sandbox.path.appending("root")
        try Files.createDirectory(root.pushing("usr/bin"))
        symlink("usr/bin", root.appending("bin").string)
        return root
    }

    private static func build(
        _ sandbox: Sandbox,
        name: String = "tool",
        isEssential: Bool = false,
        conffiles: [String]
    ) async throws -> FilePath {
        let head = "Package: \(name)\n" + (isEssential ? "Essential: yes\n" : "")
        try sandbox.write(
            head + "Version: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n",
            to: "package/DEBIAN/control"
        )
        if !conffiles.isEmpty {
            try sandbox.write(conffiles.map { $0 + "\n" }.joined(), to: "package/DEBIAN/conffiles")
        }
        chmod(sandbox.path.pushing("package/DEBIAN").string, 0o755)
        let deb = sandbox.path.appending("tool.deb")
        try await ToolRunner().run(
            ToolInvocation(
                "dpkg-deb",
                ["--root-owner-group", "--build", sandbox.path.appending("package").string, deb.string]
            )
        )
        return deb
    }

    private static func unpack(
        _ deb: FilePath,
        into root: FilePath,
        conffiles: [String]
    ) async throws -> UnpackedPackage {
        try await PackageFile(path: deb, tools: ToolRunner()).read(.files) { reader in
            var unpacker = PackageUnpacker(root: root, conffiles: conffiles)
            try unpacker.unpack(&reader)
            return unpacker.result
        }
    }
}
