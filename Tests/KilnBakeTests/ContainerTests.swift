import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import Synchronization
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `The sandbox of a bake` {
    @Test func `shows a step the same little world everywhere`() async throws {
        let output = try await Self.output(
            of: """
                id -u; hostname; umask; pwd; env | sort; ls /sys/class/net; date -d @$SOURCE_DATE_EPOCH +%Y
                ls -ld /tmp /run | cut -c1-10; grep NoNewPrivs /proc/self/status
                """,
            env: ["STEP": "1"]
        )
        #expect(
            output == [
                "0", "kiln", "0022", "/", "HOME=/root", "LANG=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/", "SHLVL=2",
                "SOURCE_DATE_EPOCH=1000000", "STEP=1", "TZ=UTC", "lo", "1970", "drwxr-xr-x", "drwxrwxrwt",
                "NoNewPrivs:\t1",
            ]
        )
    }

    @Test func `has no network`() async throws {
        let output = try await Self.output(of: "ip route | wc -l; nc -w 1 127.0.0.1 1 || echo refused")
        #expect(output.first == "0")
        #expect(output.contains("refused"))
    }

    @Test func `gives inputs read-only, with plain modes, owners and times`() async throws {
        let output = try await Self.output(
            of: """
                cd /kiln/inputs; find . | sort; stat -c '%a %u %Y' data/one data
                cat data/one; echo; echo x 2>/dev/null > data/one || echo refused
                echo x 2>/dev/null > /kiln/step || echo refused
                """
        )
        #expect(
            output == [
                ".", "./data", "./data/one", "644 0 1000000", "755 0 1000000", "first", "refused", "refused",
            ]
        )
    }

    @Test func `runs a script by its first line`() async throws {
        #expect(try await Self.output(of: "#!/bin/awk -f\nBEGIN { print 6 * 7 }") == ["42"])
        #expect(try await Self.output(of: "#!/bin/sh -\necho $0") == ["/kiln/step"])
        #expect(try await Self.output(of: "#!/bin/sh --\necho $0") == ["/kiln/step"])
    }

    @Test func `tells how a step failed, and on which of its lines`() async throws {
        try await Sandbox.with { sandbox in
            let script = "echo before\necho oops >&2\nfalse\necho after\n"
            let error = try await #require(throws: BakeError.self) {
                _ = try await Self.run(script, in: sandbox) { _ in }
            }
            #expect(error.diagnostic.message == "step step.sh of image \"image\" failed: exit status 1")
            #expect(error.diagnostic.causes == ["before\noops"])
            #expect(error.diagnostic.span?.place == "step.sh:3:1")
            #expect(error.diagnostics.dropFirst().first?.span?.place == "kiln.yaml:1:1")
            try Self.expectNothingLeft(sandbox)
        }
    }

    /// A script, the shell that `/bin/sh` is, and the place that is named.
    @Test(arguments: [
        ("echo a\n\nf() {\n  false\n}\nf\n", "busybox", "step.sh:6:1"),
        ("echo a\nif true; then\n  ls /none\nfi\necho b\n", "busybox", "step.sh:2:1"),
        ("echo a\n#\n\nexit 3\n", "busybox", "step.sh:4:1"),
        ("echo a\n  nosuch | cat\nfalse \\\n  b\n", "busybox", "step.sh:3:1"),
        ("#!/bin/sh -eu\ntrue\necho $none\ntrue\n", "busybox", "step.sh:3:1"),
        ("#!/bin/sh\nset -e\ncat <<X\nfalse\nX\nls /none\n", "dash", "step.sh:6:1"),
        ("true\nfor i in 1 2; do\n  nosuch\ndone\n", "dash", "step.sh:3:3"),
        ("true\n(\n  cd /\n  false\n)\n", "dash", "step.sh:2:1"),
        ("true\nif true; then", "dash", "step.sh:2:1"),
        ("echo a\r\nnosuch\r\necho b\r\n", "busybox", "step.sh:2:1"),
        ("#!/bin/sh\nset -e\n: \u{E9}\r\n: \r\nls /none\r\n", "dash", "step.sh:5:1"),
        ("#!/bin/bash\nset -e\nf() {\n  ls /none\n}\nf\n", "dash", "step.sh:4:3"),
        ("#!/usr/bin/env bash\nset -eu\nif ls /none; then :; fi\nls /none2\n", "dash", "step.sh:4:1"),
        ("#!/bin/bash\nls /none\nexit 7\n", "dash", "kiln.yaml:1:1"),
        ("#!/bin/awk -f\nBEGIN { exit 3 }\n", "busybox", "kiln.yaml:1:1"),
    ])
    func `names the line that failed`(_ script: String, _ shell: String, _ place: String) async throws {
        try await Sandbox.with { sandbox in
            let error = try await #require(throws: BakeError.self) {
                _ = try await Self.run(script, shell: shell, in: sandbox) { _ in }
            }
            #expect(error.diagnostic.span?.place == place)
            try Self.expectNothingLeft(sandbox)
        }
    }

    @Test(arguments: ["busybox", "dash"])
    func `gives a script itself as its name, though a shell is fed with it`(_ shell: String) async throws {
        try await Sandbox.with { sandbox in
            let script = """
                test "$0" = /kiln/step; test $# = 0
                sed -n 1p "$0" > /copy
                read line < /copy; test "$line" = 'test "$0" = /kiln/step; test $# = 0'
                x=1; i=0
                while [ $i -lt 2000 ]; do i=$((i + 1)); done
                \(String(repeating: "x=$((x + 1)); : \(String(repeating: "y", count: 5000))\n", count: 400))
                trap 'echo $x > /count' EXIT
                """
            try await Self.run(script, shell: shell, in: sandbox) { (tree) async throws in
                #expect(try Files.readText(tree.root.appending("count")) == "401\n")
            }
            try Self.expectNothingLeft(sandbox)
        }
    }

    /// One shell reads 1023 bytes at a time, another one 8191: each line here has its effect at its end.
    @Test(arguments: ["busybox", "dash"])
    func `is fed with lines of any length to their last byte`(_ shell: String) async throws {
        try await Sandbox.with { sandbox in
            let lengths =
                Array(stride(from: 1000, through: 4200, by: 100))
                + [511, 512, 513, 1022, 1023, 1024, 4095, 4096, 4097, 9000]
            let script = lengths.map { length in
                let end = "; echo \(length) >> /lengths"
                return ": " + String(repeating: "y", count: length - end.utf8.count - 2) + end + "\n"
            }
            try await Self.run(script.joined(), shell: shell, in: sandbox) { (tree) async throws in
                let found = try Files.readText(tree.root.appending("lengths"))
                #expect(found == lengths.map { "\($0)\n" }.joined())
            }
        }
    }

    /// The pipe's thread may not have come to opening it by then.
    @Test(.timeLimit(.minutes(5)))
    func `keeps nobody waiting with a script that nobody reads`() async throws {
        try await Sandbox.with { sandbox in
            for number in 0..<3 {
                let feed = try ScriptFeed(Array("true\n".utf8), at: sandbox.path.appending("\(number)"))
                await #expect(throws: Unread.self) { try await feed.during { throw Unread() } }
            }
        }
    }

    private struct Unread: Error {}

    @Test func `keeps a long output as a whole, for as long as the step fails`() async throws {
        try await Sandbox.with { sandbox in
            let error = try await #require(throws: BakeError.self) {
                _ = try await Self.run("seq 1 1000; false\n", in: sandbox) { _ in }
            }
            let log = sandbox.home.bakeLogs.appending("image-1-step.log")
            #expect(error.diagnostics.last?.message == "all 1000 lines of its output are in \(log)")
            #expect(error.diagnostic.causes.first?.split(separator: "\n").count == 20)
            #expect(try Files.readText(log).split(separator: "\n").count == 1000)
            #expect(Files.facts(log)?.mode == 0o600)
            try await Self.run("true\n", in: sandbox) { _ in }
            #expect(try Files.list(sandbox.home.bakeLogs) == [])
        }
    }

    @Test func `leaves in the layer what the step wrote and nothing else`() async throws {
        try await Sandbox.with { sandbox in
            let script =
                "mkdir /opt; echo 1 > /opt/file; echo 2 > /tmp/gone; echo 3 > /run/gone; rm /bin/vi\n"
            try await Self.run(script, in: sandbox) { (tree) async throws in
                #expect(try Files.list(tree.root) == ["bin", "opt"])
                #expect(try Files.list(tree.root.appending("opt")) == ["file"])
                #expect(tree.facts("bin/vi") == nil)
            }
            try Self.expectNothingLeft(sandbox)
        }
    }

    @Test func `is gone after a cancellation`() async throws {
        try await Sandbox.with { sandbox in
            let (path, home) = (sandbox.path, sandbox.home)
            let (lines, line) = AsyncStream.makeStream(of: String.self)
            let task = Task {
                try await Progress.$receiver.withValue(LineReceiver { line.yield($0) }) {
                    try await Self.run("echo started; sleep 1000 & sleep 1000\n", at: path, home) { _ in }
                }
            }
            for await _ in lines { break }
            let before = BootInstant.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(before.duration(to: .now) < .seconds(600))
            try Self.expectNothingLeft(sandbox)
        }
    }

    @Test func `of a killed bake is cleared by the next one`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let dead = home.scratch.appending("bake-1-dead")
            let mount = dead.appending("kiln-bake-1-\(getpid())").appending("root")
            try Files.createDirectory(mount)
            try Mounts.mount("tmpfs", at: mount, type: "tmpfs")
            let group = FilePath("/sys/fs/cgroup/pids/kiln-bake-1-\(getpid())")
            try Files.createDirectory(group)
            try await BakeWorkspace.with(home) { (workspace) async throws in
                #expect(Files.exists(workspace.path))
                #expect(!Files.exists(dead))
                #expect(!Files.exists(group))
                // A living one stays.
                try await BakeWorkspace.with(home) { _ in #expect(Files.exists(workspace.path)) }
                #expect(Files.exists(workspace.path))
            }
            try Self.expectNothingLeft(sandbox)
        }
    }

    /// Whose bake was killed: nobody holds its folder's lock, and its processes go on.
    @Test func `that goes on after its bake died is ended, beside a bake that lives`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let id = "kiln-bake-\(home.identifier)-dead"
            let bundle = home.scratch.appending("bake-1-dead").appending(id)
            let root = bundle.appending("root")
            try Files.createDirectory(root)
            try Mounts.mount("tmpfs", at: root, type: "tmpfs")
            try await Self.installBusybox(in: root)
            let container = BakeContainer(arguments: ["/bin/sleep", "1000"], epoch: 0)
            try Files.write(
                try CanonicalJSON.encode(container.spec(root: root, id: id)),
                to: bundle.appending("config.json")
            )
            let state = ContainerRemains(home: home, id: id).stateRoot
            let pidFile = sandbox.path.appending("pid")
            try await ToolRunner().runDetaching(
                ToolInvocation(
                    "runc",
                    [
                        "--root", state.string, "run", "--detach", "--pid-file", pidFile.string,
                        "--bundle", bundle.string, id,
                    ]
                ),
                log: sandbox.path.appending("log")
            )
            // Not to be seen any more once the process has ended, whether or not somebody took note of that.
            let process = FilePath("/proc/\(try Files.readText(pidFile))/root/bin/busybox")
            #expect(Files.exists(process))
            try await BakeWorkspace.with(home) { _ in }
            #expect(!Files.exists(process))
            #expect(!Files.exists(bundle))
            try Self.expectNothingLeft(sandbox)
        }
    }

    @Test func `of a dead bake can be cleared by others than bakes`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            // Nothing was ever baked.
            try await BakeWorkspace.clearLeftovers(of: home)
            #expect(!Files.exists(home.scratch))
            try await BakeWorkspace.with(home) { (workspace) async throws in
                let dead = home.scratch.appending("bake-1-dead")
                try Files.createDirectory(dead)
                try await BakeWorkspace.clearLeftovers(of: home)
                #expect(!Files.exists(dead))
                #expect(Files.exists(workspace.path))
            }
        }
    }

    @Test func `opens no device of the machine`() async throws {
        let line = try #require(
            try Files.readText("/proc/partitions").split(separator: "\n").dropFirst().first
        )
        let numbers = line.split(separator: " ").prefix(2).joined(separator: " ")
        let output = try await Self.output(
            of: """
                mknod /dev/disk b \(numbers); mknod /disk b \(numbers)
                for path in /dev/disk /disk; do dd if=$path of=/dev/null bs=512 count=1 2>&1 || echo refused; done
                head -c 1 /dev/urandom > /dev/null && echo random; rm /disk
                """
        )
        #expect(output.count { $0 == "refused" } == 2)
        #expect(output.count { $0.hasSuffix("Operation not permitted") } == 2)
        #expect(output.last == "random")
    }

    private static func output(
        of script: String,
        env: OrderedDictionary<String, String> = [:]
    ) async throws -> [String] {
        try await Sandbox.with { sandbox in
            let lines = Mutex<[String]>([])
            let receiver = LineReceiver { line in lines.withLock { $0.append(line) } }
            try await Progress.$receiver.withValue(receiver) {
                try await run(script, env: env, in: sandbox) { _ in }
            }
            try expectNothingLeft(sandbox)
            return lines.withLock { $0 }
        }
    }

    /// Runs a step in a root that holds busybox.
    private static func run(
        _ script: String,
        env: OrderedDictionary<String, String> = [:],
        shell: String = "busybox",
        in sandbox: Sandbox,
        upper: (LayerTree) async throws -> Void
    ) async throws {
        try await run(script, env: env, shell: shell, at: sandbox.path, sandbox.home, upper: upper)
    }

    private static func run(
        _ script: String,
        env: OrderedDictionary<String, String> = [:],
        shell: String = "busybox",
        at folder: FilePath,
        _ home: KilnHome,
        upper: (LayerTree) async throws -> Void
    ) async throws {
        try Files.write(script, to: folder.appending("step.sh"), mode: 0o600)
        try Files.createDirectory(folder.appending("data"), mode: 0o700)
        try Files.write("first", to: folder.appending("data").appending("one"), mode: 0o600)
        var digester = InputDigester(now: 0)
        var inputs: [FilePath: InputTree] = [:]
        for path: FilePath in ["step.sh", "data"] {
            inputs[path] = try digester.digest(folder.pushing(path))
        }
        let source = SourceText(name: "kiln.yaml", text: "steps")
        let step = StepSandbox(
            step: StepDefinition(
                run: "step.sh",
                inputs: ["data"],
                env: env,
                span: SourceSpan(source: source, line: 1, column: 1)
            ),
            image: "image",
            inputs: inputs,
            epoch: 1_000_000,
            containers: ContainerRunner(
                home: home,
                log: OutputLog(home: home, image: "image", layer: 1, kind: .step)
            ),
            secrets: []
        )
        try await BakeWorkspace.with(home) { workspace in
            try await BakeRoot.with([], in: workspace) { root in
                try await installBusybox(in: root.path)
                if shell != "busybox" { try await install(["dash", "bash"], in: root.path) }
                try await StepRunner(sandbox: step).run(in: root, work: WorkID("step"))
            } upper: { path, _ in
                try await upper(LayerTree(root: path))
            }
        }
    }

    private static func installBusybox(in root: FilePath) async throws {
        let bin = root.appending("bin")
        try Files.createDirectory(bin)
        try await ToolRunner().run(ToolInvocation("cp", ["/bin/busybox", bin.string]))
        for name in try await ToolRunner().run(ToolInvocation("/bin/busybox", ["--list"])).text.split(
            separator: "\n"
        ) {
            if name != "busybox" { symlink("busybox", bin.appending(String(name)).string) }
        }
    }

    /// Debian's own shells with the libraries that they need; `/bin/sh` becomes the first.
    private static func install(_ shells: [String], in root: FilePath) async throws {
        for shell in shells {
            let program = "/bin/\(shell)"
            let libraries = try await ToolRunner().run(ToolInvocation("ldd", [program])).text
                .split { " \n\t".contains($0) }.filter { $0.hasPrefix("/") }.map(String.init)
            for file in [program] + libraries {
                let target = root.pushing(FilePath(String(file.dropFirst())))
                try Files.createDirectory(target.removingLastComponent())
                unlink(target.string)
                try await ToolRunner().run(ToolInvocation("cp", ["-L", file, target.string]))
            }
        }
        unlink(root.pushing("bin/sh").string)
        symlink(shells[0], root.pushing("bin/sh").string)
        try Files.createDirectory(root.pushing("usr/bin"))
        symlink("/bin/env", root.pushing("usr/bin/env").string)
    }

    private static func expectNothingLeft(_ sandbox: Sandbox) throws {
        #expect(try Files.list(sandbox.home.scratch) == [".bake.lock"])
        #expect(try MountTable.current().under(sandbox.path).isEmpty)
        #expect(try Files.list(sandbox.home.runtime) == [])
        for hierarchy in try Files.list("/sys/fs/cgroup") {
            let groups = try Files.list(FilePath("/sys/fs/cgroup").appending(hierarchy))
            #expect(!groups.contains { $0.hasPrefix("kiln-bake-\(sandbox.home.identifier)-") })
        }
    }
}

/// Hands over each line that a step writes.
struct LineReceiver: ProgressReceiver {
    let line: @Sendable (String) -> Void

    func receive(_ fact: ProgressFact) {
        if case .output(_, let line) = fact { self.line(line) }
    }
}
