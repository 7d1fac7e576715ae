import Glibc
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `An instance's root, read from outside` {
    /// Each link leads out of the root where the host resolves it, and nowhere else where the instance does.
    @Test(arguments: [
        ("/etc/outside", "inside\n"),
        ("/link", "inside\n"),
        ("/climbing", "inside\n"),
        ("/etc/absolute", "inside\n"),
        ("/folder/file", "inside\n"),
        ("/../../../etc/outside", "inside\n"),
        ("/etc/../etc/./outside", "inside\n"),
    ])
    func `follows links as the instance sees them`(_ path: String, _ text: String) async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let copy = sandbox.path.appending("copy")
            let left = try InstanceRoot.with(root) { try $0.copy(FilePath(path), to: copy, owner: nil) }
            #expect(try Files.readText(copy) == text)
            #expect(left == [])
        }
    }

    @Test(arguments: ["/host", "/none", "/round", "/etc/outside/below"])
    func `has nothing where the instance sees nothing`(_ path: String) async throws {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let copy = sandbox.path.appending("copy")
            #expect(throws: SystemError.self) {
                try InstanceRoot.with(root) { try $0.copy(FilePath(path), to: copy, owner: nil) }
            }
            #expect(!Files.exists(copy))
        }
    }

    @Test func `gives folders whole, links as links, modes without setuid, and names what it leaves out`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let root = try Self.root(sandbox)
            let tree = root.appending("tree")
            try Files.createDirectory(tree.appending("sub"), mode: 0o750)
            try Files.write("data", to: tree.appending("sub").appending("file"), mode: 0o640)
            try Files.write("tool", to: tree.appending("tool"), mode: 0o755)
            try #require(chmod(tree.appending("tool").string, 0o6755) == 0)
            try #require(symlink("/etc/shadow", tree.appending("shadow").string) == 0)
            try #require(mkfifo(tree.appending("pipe").string, 0o600) == 0)
            let copy = sandbox.path.appending("copy")
            let left = try InstanceRoot.with(root) { try $0.copy("/tree", to: copy, owner: nil) }
            #expect(left.map(\.path) == ["/tree/pipe"] && left.map(\.reason) == [.pipe])
            #expect(try Files.list(copy) == ["shadow", "sub", "tool"])
            #expect(Files.facts(copy.appending("tool"))?.mode == 0o755)
            #expect(Files.facts(copy.appending("sub"))?.mode == 0o750)
            #expect(Files.facts(copy.appending("shadow"))?.kind == .symlink)
            #expect(try Files.readText(copy.appending("sub").appending("file")) == "data")
        }
    }

    private static func root(_ sandbox: Sandbox) throws -> FilePath {
        _ = try sandbox.write("outside\n", to: "etc/outside")
        _ = try sandbox.write("host\n", to: "only-on-the-host")
        _ = try sandbox.write("inside\n", to: "root/etc/outside")
        _ = try sandbox.write("inside\n", to: "root/real/file")
        let root = sandbox.path.appending("root")
        let links = [
            ("link", "/etc/outside"), ("climbing", "../../../../../etc/outside"), ("folder", "/real"),
            ("etc/absolute", "/real/file"),
            ("host", "\(sandbox.path)/only-on-the-host"), ("round", "round"),
        ]
        for (name, target) in links {
            try #require(symlink(target, root.appending(name).string) == 0)
        }
        return root
    }
}

@Suite(.serialized) struct `A copy out of an instance` {
    @Test func `reads what it has, and leaves out secrets and what the kernel shows`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let key = try sandbox.write("hunter2", to: "key", mode: 0o600)
            let instance = try await fleet.start("aaaa") { content in
                content.secrets = [
                    SecretReference(name: "key", file: key.string, target: "/etc/web/key")
                ]
            }
            let id = instance.spec.id
            let folder = sandbox.path.appending("etc-web")
            let left = try await fleet.platform.copy(
                "/etc/web",
                of: id,
                in: fleet.name,
                to: folder,
                owner: nil
            )
            #expect(left.map(\.path) == ["/etc/web/key"] && left.map(\.reason) == [.secret])
            #expect(try Files.list(folder) == ["web.conf"])
            #expect(try Files.readText(folder.appending("web.conf")) == "answer=42\n")
            #expect(Files.facts(folder.appending("web.conf"))?.mode == 0o640)
            let kernel = sandbox.path.appending("proc")
            let omitted = try await fleet.platform.copy(
                "/proc",
                of: id,
                in: fleet.name,
                to: kernel,
                owner: nil
            )
            #expect(omitted.map(\.reason) == [.kernel] && !Files.exists(kernel))
            await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.copy(
                    "/etc",
                    of: "web-1-none",
                    in: fleet.name,
                    to: kernel,
                    owner: nil
                )
            }
        }
    }
}
