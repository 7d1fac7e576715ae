import Glibc
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Small file operations` {
    @Test func `a write replaces the whole file and leaves nothing beside it`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("old and longer", to: "a/b.txt")
            try Files.write("new", to: file, mode: 0o600)
            #expect(try Files.readText(file) == "new")
            #expect(Files.facts(file)?.mode == 0o600)
            #expect(try Files.list(file.removingLastComponent()) == ["b.txt"])
        }
    }

    /// Whoever owns a file gives it any time, also one that an Int64 of nanoseconds has no room for.
    @Test(arguments: [(13_569_465_600, Int64.max), (-13_569_465_600, Int64.min), (-1, -1_000_000_000)])
    func `facts have a time of any year`(_ seconds: Int, _ wanted: Int64) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("x", to: "x")
            let times = [timespec](repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
            try #require(utimensat(AT_FDCWD, file.string, times, 0) == 0)
            var info = stat()
            try #require(stat(file.string, &info) == 0)
            // A file system may have fewer years.
            guard info.st_mtim.tv_sec == seconds else { return }
            #expect(Files.facts(file)?.modified == wanted)
        }
    }

    @Test func `a write to where a user said goes through what is no regular file`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("old and longer", to: "file")
            let link = sandbox.path.appending("link")
            try #require(symlink(file.string, link.string) == 0)
            try Files.write("new".utf8, toNamed: link)
            #expect(Files.facts(link)?.kind == .symlink)
            #expect(try Files.readText(file) == "new")

            let pipe = sandbox.path.appending("pipe")
            try #require(mkfifo(pipe.string, 0o600) == 0)
            let reader = open(pipe.string, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            try Files.write("told".utf8, toNamed: pipe)
            #expect(Files.facts(pipe)?.kind == .other)
            var bytes = [UInt8](repeating: 0, count: 10)
            #expect(read(reader, &bytes, 10) == 4)

            let fresh = sandbox.path.appending("fresh")
            try Files.write("made".utf8, toNamed: fresh)
            #expect(try Files.readText(fresh) == "made")
        }
    }

    @Test func `a read past its limit is refused`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("0123456789", to: "f")
            #expect(throws: SystemError.self) { try Files.read(file, limit: 9) }
        }
    }

    @Test func `removing a tree leaves what its symlinks point at`() async throws {
        try await Sandbox.with { sandbox in
            let kept = try sandbox.write("kept", to: "kept/file")
            let tree = sandbox.path.appending("tree")
            try Files.createDirectory(tree.appending("deep/er"))
            try await ToolRunner().run(
                ToolInvocation(
                    "ln",
                    ["-s", kept.removingLastComponent().string, tree.appending("link").string]
                )
            )
            try Files.remove(tree)
            #expect(!Files.exists(tree))
            #expect(Files.exists(kept))
        }
    }

    /// As a user whose folders keep out their own owner. Root would not notice.
    @Test(.enabled(if: geteuid() == 0, "needs root"), arguments: [0o555, 0o400, 0o000])
    func `removing a tree opens the folders in it that are locked, where asked`(_ mode: Int) async throws {
        try await Sandbox.with { sandbox in
            let folder = sandbox.path.appending("home")
            let tree = folder.appending("tree")
            try sandbox.write("", to: "home/tree/a/b/file")
            try await ToolRunner().run(
                ToolInvocation("chown", ["-R", "65534:65534", folder.string])
            )
            for path in [tree.pushing("a/b"), tree.pushing("a"), tree] { chmod(path.string, mode_t(mode)) }
            chmod(sandbox.path.string, 0o755)
            // Of this thread alone, and with the rights of root while it lasts (setfsuid(2)).
            typealias Setter = @convention(c) (UInt32) -> Int32
            let symbol = try #require(dlsym(nil, "setfsuid"))
            let setUser = unsafeBitCast(symbol, to: Setter.self)
            func asNobody(_ body: () throws -> Void) rethrows {
                _ = setUser(65534)
                defer { _ = setUser(0) }
                try body()
            }
            asNobody {
                #expect(throws: SystemError.self) { try Files.remove(tree) }
            }
            #expect(Files.exists(tree.pushing("a/b/file")))
            try asNobody { try Files.remove(tree, unlocking: true) }
            #expect(!Files.exists(tree))
        }
    }

    @Test func `removing a tree never empties what is bound into it`() async throws {
        try await Sandbox.with { sandbox in
            let kept = try sandbox.write("kept", to: "kept/file")
            for place in ["tree/deep/er", "tree"] {
                let target = sandbox.path.pushing(FilePath(place))
                try Files.createDirectory(target)
                try await ToolRunner().run(
                    ToolInvocation("mount", ["--bind", kept.removingLastComponent().string, target.string])
                )
                let error = #expect(throws: SystemError.self) {
                    try Files.remove(sandbox.path.appending("tree"))
                }
                #expect(error?.errno == .resourceBusy)
                #expect(error?.diagnostics.first?.message.hasSuffix("something is mounted there") == true)
                #expect(Files.exists(kept))
                try Mounts.unmountAll(under: target)
            }
            try Files.remove(sandbox.path.appending("tree"))
            #expect(Files.exists(kept))
        }
    }

    @Test func `a folder that cannot be read to its end is an error, and not a shorter folder`() async throws
    {
        try await Sandbox.with { sandbox in
            let mount = sandbox.path.appending("mount")
            try Files.createDirectory(mount)
            // Names over several blocks of an EROFS, one of whose later blocks is damaged.
            try await ToolRunner().run(
                ToolInvocation(
                    "bash",
                    [
                        "-ec",
                        """
                        mkdir tree; touch tree/file-with-a-long-name-{0001..1000}; mkfs.erofs image tree >&2
                        at=$(grep -abo file-with-a-long-name-0500 image | head -1 | cut -d: -f1)
                        printf '\\xff\\xff' | dd of=image bs=1 seek=$((at / 4096 * 4096 + 8)) conv=notrunc
                        mount -t erofs -o loop,ro image mount
                        """,
                    ],
                    workingDirectory: sandbox.path
                )
            )
            let listed = #expect(throws: SystemError.self) { try Files.list(mount) }
            #expect(listed?.action == "list \(mount)")
            let directory = try FileDescriptor.open(mount, .readOnly, options: .directory)
            defer { try? directory.close() }
            #expect(throws: SystemError.self) {
                try Files.names(in: directory.rawValue, at: mount) { String(cString: $0) }
            }
        }
    }
}
