import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `Paths in an instance's root` {
    @Test(arguments: [
        ("/etc/app", "/etc/app"), ("/etc/../etc/./app", "/etc/app"), ("/../../etc/app", "/etc/app"),
        ("/link/x", "/real/x"), ("/absolute/x", "/real/x"), ("/outside/etc/passwd", "/etc/passwd"),
        ("/link/../x", "/x"), ("/missing/deep/x", "/missing/deep/x"), ("/deeper/x", "/real/in/x"),
    ])
    func `symlinks and dots stay inside`(path: FilePath, place: FilePath) async throws {
        try await Self.with { #expect($0.resolve(path)?.path == place) }
    }

    @Test(arguments: ["/circle/x", "/etc/app/x"])
    func `circles and files on the way lead nowhere`(path: FilePath) async throws {
        try await Self.with { #expect($0.resolve(path) == nil) }
    }

    @Test func `the last name is followed only when asked`() async throws {
        try await Self.with { root in
            #expect(root.resolve("/link")?.path == "/real")
            #expect(root.resolve("/link", followingLast: false)?.path == "/link")
        }
    }

    fileprivate static func with(_ body: (RootResolver) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("x", to: "root/etc/app")
            let root = sandbox.path.appending("root")
            try Files.createDirectory(root.appending("real/in"))
            let links = [
                ("link", "real"), ("absolute", "/real"), ("outside", "../../../.."), ("circle", "circle"),
                ("deeper", "link/in"),
            ]
            for (name, target) in links {
                try await ToolRunner().run(ToolInvocation("ln", ["-s", target, root.appending(name).string]))
            }
            try await body(RootResolver(root: root))
        }
    }
}

@Suite struct `The generated top layer` {
    @Test func `it repeats the image's folders and adds what a release needs`() async throws {
        try await `Paths in an instance's root`.with { image in
            try await ToolRunner().run(ToolInvocation("chmod", ["711", image.root.appending("real").string]))
            var top = TopLayer(image: image)
            #expect(try top.addMountPoint("/link/data") == "/real/data")
            try top.addMountPoint("/tmp", mode: 0o1777)
            try top.addFile("/etc/app", .text("new"))
            try top.addFile("/link", .text("no link any more"))
            let modes = top.entries.mapValues { String($0.mode, radix: 8) }
            #expect(
                modes.filter { $0.key != "/" } == [
                    "/real": "711", "/real/data": "755", "/tmp": "1777", "/etc": "755", "/etc/app": "644",
                    "/link": "644",
                ]
            )
        }
    }

    @Test func `what is in the way is named`() async throws {
        try await `Paths in an instance's root`.with { image in
            var top = TopLayer(image: image)
            let file = #expect(throws: LocalPlatformError.self) { try top.addMountPoint("/etc/app") }
            #expect(file?.message == "/etc/app cannot be used: something that is no folder is in its way")
            let folder = #expect(throws: LocalPlatformError.self) { try top.addFile("/real", .text("")) }
            #expect(folder?.message == "/real is a folder in the image, so no file can be put there")
        }
    }

    @Test(arguments: ["/tmp/app.conf", "/link/in/app.conf", "/proc/app.conf"])
    func `a configuration file under a mount is refused`(target: String) async throws {
        try await `Paths in an instance's root`.with { image in
            let content = ReleaseContent.sample { content in
                content.state = ["/tmp", "/deeper"].map {
                    StateDefinition(path: $0, kind: .tmpfs(size: 1 << 20))
                }
                content.files = [
                    ConfigFile(target: target, userID: 0, groupID: 0, mode: 0o644, content: [])
                ]
            }
            let release = Release(fleet: "web", number: .init(rawValue: 1), content: content, created: 0)
            let spec = InstanceSpec(id: InstanceID("web-1-aaaa"), slot: 0, release: release)
            let error = #expect(throws: LocalPlatformError.self) {
                try TopLayerPlan.topLayer(
                    for: spec,
                    on: image,
                    address: "10.0.0.2",
                    gateway: nil,
                    resolver: ""
                )
            }
            #expect(error?.message == "the configuration file \(target) would never be seen")
        }
    }

    @Test func `an instance knows the fleets that its release needs, at the host's address on its network`() {
        var content = ReleaseContent.sample { _ in }
        func hosts() -> String {
            let release = Release(fleet: "web", number: .init(rawValue: 1), content: content, created: 0)
            let spec = InstanceSpec(id: InstanceID("web-1-aaaa"), slot: 0, release: release)
            return TopLayerPlan.hosts(spec, address: "10.0.0.2", gateway: "10.0.0.1")
        }
        #expect(hosts().hasSuffix("10.0.0.2 web-1-aaaa\n"))
        content.peers = ["stock": 8081, "prices": 8082]
        #expect(hosts().hasSuffix("10.0.0.2 web-1-aaaa\n10.0.0.1 prices stock\n"))
    }

    @Test func `name servers that only the host reaches are left out`() {
        let host = "# x\nnameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch example.org\nnameserver ::1\n"
        #expect(TopLayerPlan.resolver(host: host) == "nameserver 9.9.9.9\nsearch example.org\n")
    }
}

@Suite struct `An image's user` {
    private static let passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/srv:/bin/sh\nbroken\n"
    private static let group = "root:x:0:\nweb:x:1001:\nextra:x:2000:other,web\n100:x:7:\n"

    @Test(arguments: [
        ("", UInt32(0), UInt32(0), [UInt32]()), ("web", 1000, 1001, [2000]), ("1000", 1000, 1001, [2000]),
        ("1234", 1234, 0, []), ("web:extra", 1000, 2000, []), ("web:33", 1000, 33, []), ("5:6", 5, 6, []),
    ])
    func `a name or number, perhaps with a group`(text: String, uid: UInt32, gid: UInt32, more: [UInt32]) {
        let user = ImageUser(text, passwd: Self.passwd, group: Self.group)
        #expect(user?.uid == uid)
        #expect(user?.gid == gid)
        #expect(user?.additionalGroups == more)
    }

    @Test(arguments: ["nobody", "web:nobody", "-1", "99999999999"])
    func `what the image does not know is refused`(text: String) {
        #expect(ImageUser(text, passwd: Self.passwd, group: Self.group) == nil)
    }
}

@Suite struct `How an instance is run` {
    @Test func `the runtime is told the release's wishes within limits that hold for all`() throws {
        let spec = InstanceSpec(
            id: InstanceID("web-3-abcd"),
            slot: 2,
            release: Release(fleet: "web", number: .init(rawValue: 3), content: .sample(), created: 0)
        )
        var image = ImageConfig(platform: .host, diffIDs: [])
        image.config = .init()
        image.config?.entrypoint = ["/bin/web"]
        image.config?.cmd = ["--port", "80"]
        image.config?.env = ["FROM_IMAGE=1", "LOG=info"]
        image.config?.workingDir = "/srv"
        let home = KilnHome(root: "/var/lib/kiln")
        let plan = BundlePlan(
            spec: spec,
            image: image,
            user: try #require(ImageUser("10:20", passwd: "", group: "")),
            paths: FleetPaths(home: home, fleet: "web").instance(spec.id),
            statePaths: ["/data": "/srv/data"],
            cgroup: Cgroups(home: home, mounts: MountTable(parsing: "")).path(spec.id, of: "web"),
            countsSwap: true,
            inherited: InheritedLimits(files: 4_096, callerKillScore: -500, mayLowerKillScore: false)
        )
        var runtime = try plan.runtimeSpec()
        runtime.linux.seccomp.syscalls[0].names = ["…"]
        runtime.linux.seccomp.architectures = ["…"]
        let text = String(decoding: try CanonicalJSON.encodePretty(runtime), as: UTF8.self)
        try Golden.expect(text + "\n", matches: Golden.directory().appending("config.json"))
    }

    @Test(arguments: [
        "mount", "umount2", "ptrace", "kexec_load", "bpf", "keyctl", "add_key", "init_module", "finit_module",
        "clock_settime", "settimeofday", "unshare", "setns", "pivot_root", "chroot", "reboot", "swapon",
        "process_vm_readv", "perf_event_open", "open_by_handle_at", "userfaultfd", "io_uring_setup", "syslog",
        "fsopen", "move_mount", "quotactl", "iopl", "sethostname", "socket", "clone", "clone3", "personality",
    ])
    func `a dangerous system call is not allowed without conditions`(name: String) {
        #expect(!SystemCalls.allowed.contains(name))
    }

    @Test func `every allowed system call stands once`() {
        #expect(Set(SystemCalls.allowed).count == SystemCalls.allowed.count)
    }
}

extension ReleaseContent {
    static func sample(_ change: (inout ReleaseContent) -> Void = { _ in }) -> ReleaseContent {
        var content = ReleaseContent(
            image: Digest(of: "image"),
            imageName: "web",
            imageVersion: nil,
            env: ["LOG": "warn"],
            files: [],
            health: nil,
            state: [
                StateDefinition(path: "/data", kind: .volume("data", .perSlot)),
                StateDefinition(path: "/tmp", kind: .tmpfs(size: 1 << 20)),
            ],
            stop: StopDefinition(),
            resources: ResourceDefinition(memory: 64 << 20, cpu: 0.5, pids: 64),
            ports: ["http": 80]
        )
        change(&content)
        return content
    }
}
