import KilnDefinition
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite(.serialized) struct `Instances on this machine` {
    @Test func `an instance serves through the balancer and leaves nothing behind`() async throws {
        try await LocalFleet.with { fleet, _ in
            #expect(try await fleet.get().hasSuffix(" 503"))
            let instance = try await fleet.start("aaaa", routed: true)
            #expect(instance.traffic == .ready)
            #expect(try await fleet.get() == "hello\n 200")
            #expect(try await fleet.get("/cgi-bin/name") == "web-1-aaaa\n 200")
        }
    }

    @Test func `everything can be asked for twice`() async throws {
        try await LocalFleet.with { fleet, _ in
            let first = try await fleet.start("aaaa", routed: true)
            let again = try await fleet.start("aaaa", routed: true)
            #expect(first.process == again.process)
            let id = first.spec.id
            for _ in 1...2 { try await fleet.platform.drain(id, of: fleet.name, token: fleet.token) }
            #expect(try await fleet.observe(id).traffic == .draining(sessions: 0))
            for _ in 1...2 { try await fleet.platform.detach(id, of: fleet.name, token: fleet.token) }
            #expect(try await fleet.observe(id).traffic == InstanceObservation.Traffic.none)
            for _ in 1...2 { try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token) }
            #expect(try await fleet.platform.observe(fleet.name).isEmpty)
        }
    }

    @Test func `several instances are made, routed and destroyed at once`() async throws {
        try await LocalFleet.with { fleet, _ in
            let suffixes = ["aaaa", "bbbb", "cccc", "dddd"]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for suffix in suffixes {
                    group.addTask { try await fleet.start(suffix, slot: 0, routed: true) }
                }
                try await group.waitForAll()
            }
            let seen = try await fleet.platform.observe(fleet.name)
            #expect(Set(seen.map(\.address)).count == 4)
            #expect(seen.allSatisfy { $0.traffic == .ready })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for instance in seen {
                    group.addTask {
                        try await fleet.platform.destroy(instance.spec.id, of: fleet.name, token: fleet.token)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `two instances stand on one mount of each layer`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.start("aaaa")
            let mounts = try MountTable.current().under(fleet.home.runtime).filter { $0.type == "erofs" }
                .count
            try await fleet.start("bbbb")
            let more = try MountTable.current().under(fleet.home.runtime).filter { $0.type == "erofs" }.count
            #expect(more == mounts + 1, "one more: the second instance's own top layer")
        }
    }

    @Test func `an instance that cannot start says why and leaves nothing`() async throws {
        try await LocalFleet.with { fleet, _ in
            let broken = try await fleet.image(entrypoint: ["/bin/nothing"])
            let spec = fleet.spec("aaaa") { $0.image = broken }
            let error = await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.create(spec, token: fleet.token)
            }
            #expect(error?.message == "web-1-aaaa cannot be started")
            #expect(error?.code == .program)
            #expect(error?.isOfRelease == true)
            #expect(error?.causes.joined().contains("/bin/nothing") == true, "\(error?.causes ?? [])")
            #expect(try await fleet.platform.observe(fleet.name).isEmpty)
            #expect(!Files.exists(fleet.paths.instance(spec.id).directory))
        }
    }

    @Test func `a half-made instance is seen as that and is made anew`() async throws {
        try await LocalFleet.with { fleet, _ in
            let first = try await fleet.start("aaaa")
            let paths = fleet.paths.instance(first.spec.id)
            try Files.remove(paths.process)
            #expect(try await fleet.observe(first.spec.id).process == .incomplete)
            let second = try await fleet.start("aaaa")
            #expect(second.process != first.process)
            #expect(await fleet.platform.probe(second) == .passed)
        }
    }

    @Test func `one whose runtime was killed with its own copy mounted can be destroyed`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            let copy = fleet.paths.instance(id).containerState.appending("runc.a1b2c3")
            try Files.write("", to: copy)
            try await ToolRunner().run(ToolInvocation("mount", ["--bind", "/bin/true", copy.string]))
            try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
            #expect(!Files.exists(copy))
        }
    }

    @Test func `an older holder of the lease is refused`() async throws {
        try await LocalFleet.with { fleet, _ in
            let stale = FencingToken(fleet.token.value - 1)
            await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.create(fleet.spec("aaaa"), token: stale)
            }
            await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.converge(fleet.settings, token: stale)
            }
            let instances = try await fleet.platform.observe(fleet.name)
            #expect(instances.isEmpty)
        }
    }

    @Test func `two homes run the same fleet side by side`() async throws {
        try await LocalFleet.with { one, _ in
            try await LocalFleet.with { two, _ in
                let first = try await one.start("aaaa", routed: true)
                let second = try await two.start("aaaa", routed: true)
                #expect(first.address != second.address)
                #expect(try await one.get() == "hello\n 200")
                try await one.destroyAll()
                #expect(try await two.get() == "hello\n 200")
            }
        }
    }
}

@Suite(.serialized) struct `Inside an instance` {
    @Test func `the root is sealed from inside and from the host`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            let inside = try await fleet.inside(id, "touch /srv/x /etc/x /x /dev/x; echo done")
            #expect(inside.errorText.split(separator: "\n").count == 4)
            let root = fleet.paths.instance(id).rootMount
            for name in ["srv/x", "etc/x", "x", "etc/web/web.conf"] {
                #expect(throws: SystemError.self) { try Files.write("x", to: root.pushing(FilePath(name))) }
            }
            let layer = try #require(
                try MountTable.current().under(fleet.home.runtime).first { $0.type == "erofs" }
            )
            #expect(throws: SystemError.self) { try Files.write("x", to: layer.target.appending("x")) }
        }
    }

    @Test func `declared state is writable, and only in its ways`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            let written = try await fleet.inside(
                id,
                "echo kept > /var/lib/web/x && touch /tmp/x && cat /proc/mounts"
            )
            #expect(written.status == .exited(0), "\(written.errorText)")
            let mounts = written.text.split(separator: "\n").map(String.init)
            let temporary = try #require(mounts.first { $0.contains(" /tmp ") })
            for option in ["noexec", "nosuid", "nodev", "size=1024k"] { #expect(temporary.contains(option)) }
            let volume = try #require(mounts.first { $0.contains(" /var/lib/web ") })
            for option in ["rw", "nosuid", "nodev"] { #expect(volume.contains(option)) }
            let kept = fleet.paths.volumes.appending("data")
            #expect(try Files.readText(kept.appending("x")) == "kept\n")
            #expect(Files.facts(kept)?.userID == 1000)
            #expect(Files.facts(kept)?.mode == 0o750, "as the image has it")
            let full = try await fleet.inside(id, "dd if=/dev/zero of=/tmp/big bs=1024 count=2000")
            #expect(full.errorText.contains("No space left"))
        }
    }

    @Test func `a slot's own volume is inherited by the next instance in the slot`() async throws {
        try await LocalFleet.with { fleet, _ in
            func perSlot(_ content: inout ReleaseContent) {
                content.state = [StateDefinition(path: "/data", kind: .volume("own", .perSlot))]
            }
            let first = try await fleet.start("aaaa", slot: 0, perSlot).spec.id
            _ = try await fleet.inside(first, "echo zero > /data/x")
            try await fleet.platform.destroy(first, of: fleet.name, token: fleet.token)
            let next = try await fleet.start("bbbb", slot: 0, perSlot).spec.id
            let other = try await fleet.start("cccc", slot: 1, perSlot).spec.id
            #expect(try await fleet.inside(next, "cat /data/x").text == "zero\n")
            #expect(try await fleet.inside(other, "ls /data").text == "")
        }
    }

    @Test func `configuration is there: variables, files, names`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa")
            let id = instance.spec.id
            let variables = try await fleet.inside(id, "env").text
            #expect(variables.contains("GREETING=hello\n"), "the release's on top of the image's")
            #expect(variables.contains("FROM_IMAGE=yes\n"))
            #expect(try await fleet.inside(id, "cat /etc/web/web.conf").text == "answer=42\n")
            #expect(
                try await fleet.inside(id, "ls -ln /etc/web/web.conf").text.hasPrefix(
                    "-rw-r-----    1 1000     1000"
                )
            )
            #expect(try await fleet.inside(id, "hostname; cat /etc/hostname").text == "\(id)\n\(id)\n")
            let hosts = try await fleet.inside(id, "cat /etc/hosts").text
            #expect(hosts.contains("\(instance.address ?? "none") \(id)\n"))
            let identity = try await fleet.inside(id, "id").text
            #expect(identity == "uid=1000(web) gid=1000(web) groups=1234(extra)\n")
        }
    }

    @Test func `there are no privileges, no new ones, and a filter for system calls`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa")
            guard case .running(let pid) = instance.process else { throw Unexpected(instance.process) }
            let status = try Files.readText(FilePath("/proc/\(pid)/status"))
            for line in ["CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"] {
                #expect(status.contains("\(line):\t0000000000000000\n"))
            }
            #expect(status.contains("NoNewPrivs:\t1\n"))
            #expect(status.contains("Seccomp:\t2\n"))
            let id = instance.spec.id
            #expect(try await fleet.inside(id, "mount -t tmpfs x /tmp").status != .exited(0))
            #expect(
                try await fleet.inside(id, "unshare -r true").errorText.contains("Operation not permitted")
            )
            #expect(try await fleet.inside(id, "cat /proc/kcore | head -c 1").text == "")
            #expect(try await fleet.inside(id, "echo 1 > /proc/sys/net/ipv4/ip_forward").status != .exited(0))
            let namespaces = ["pid", "ipc", "uts", "mnt", "cgroup", "net"]
            for name in namespaces {
                let inside = Files.facts(FilePath("/proc/\(pid)/ns/\(name)"), followingSymlinks: true)?.inode
                let own = Files.facts(FilePath("/proc/self/ns/\(name)"), followingSymlinks: true)?.inode
                #expect(inside != own, "\(name) namespace")
            }
        }
    }

    @Test func `one that starts leaves the processors to those that serve, for a time`() async throws {
        try await LocalFleet.with { fleet, _ in
            let shares = ["cpu.shares", "cpu.weight"]
            let early = try await fleet.start("aaaa")
            #expect(["64", "6"].contains(try fleet.limit(early.spec.id, shares)))
            try await fleet.platform.route(early.spec.id, of: fleet.name, token: fleet.token)
            #expect(["1024", "100"].contains(try fleet.limit(early.spec.id, shares)))

            var late = try await fleet.start("bbbb")
            let looks = StartingShares()
            try looks.look(at: late, of: fleet.paths)
            #expect(["64", "6"].contains(try fleet.limit(late.spec.id, shares)))
            late.started = late.started?.advanced(by: .seconds(-6))
            try looks.look(at: late, of: fleet.paths)
            #expect(["1024", "100"].contains(try fleet.limit(late.spec.id, shares)))
        }
    }

    @Test func `memory, CPU and processes are limited`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            func value(_ names: String...) -> String? { try? fleet.limit(id, names) }
            #expect(value("memory.limit_in_bytes", "memory.max") == "\(64 << 20)")
            #expect(["50000", "50000 100000"].contains(value("cpu.cfs_quota_us", "cpu.max")))
            #expect(value("pids.max") == "64")
            let bomb = try await fleet.inside(id, "for i in $(seq 100); do sleep 5 & done; wait")
            #expect(bomb.errorText.contains("can't fork"))
        }
    }
}

/// Something else than the test needs.
struct Unexpected: Error {
    let found: String

    init(_ found: some Any) {
        self.found = String(describing: found)
    }
}
