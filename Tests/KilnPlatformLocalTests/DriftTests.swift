import Glibc
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Drift on this machine` {
    @Test func `what was mounted over a configuration file is found and replaced`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            #expect(try await fleet.drift() == [])
            let script = "echo answer=43 > /tmp/x; mount -o bind /tmp/x /etc/web/web.conf"
            try await fleet.asHost(in: id, ["-m", "-p", "/bin/sh", "-c", script])
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.configChanged, .overMount])
            #expect(findings.allSatisfy { $0.instance == id && $0.subject == "/etc/web/web.conf" })
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `a tmpfs that grew, and one in another's place, are found`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            try await fleet.asHost(
                in: id,
                ["-m", "-p", "/bin/mount", "-o", "remount,size=10m", "tmpfs", "/tmp"]
            )
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.mountChanged])
            #expect(findings.first?.detail.contains("+size=10240k") == true)
            let script = "umount /tmp && mount -t tmpfs tmpfs /tmp"
            try await fleet.asHost(in: id, ["-m", "-p", "/bin/sh", "-c", script])
            #expect(try await fleet.drift().allSatisfy { $0.subject == "/tmp" })
            #expect(try await fleet.drift() != [])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `an edited bundle and a raised limit are found`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            let bundle = fleet.paths.instance(id).bundle.appending("config.json")
            try Files.write(try Files.readText(bundle) + " ", to: bundle)
            let folders = try Cgroups.current(of: fleet.home).folders(id, of: fleet.name)
            let limit = try #require(
                folders.map { $0.appending("pids.max") }.first { Files.exists($0) }
            )
            try await ToolRunner().run(ToolInvocation("sh", ["-c", "echo 100 > '\(limit)'"]))
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.configChanged, .configChanged])
            #expect(findings.map(\.subject) == ["config.json of the bundle", "pids.max"])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `a program from a volume is found`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            let volume = fleet.paths.volumes.appending("data")
            let copy = ToolInvocation("cp", ["/bin/busybox", volume.appending("busybox").string])
            try await ToolRunner().run(copy)
            let script = "/var/lib/web/busybox sleep 600 > /dev/null 2>&1 &"
            #expect(try await fleet.inside(id, script).status == .exited(0))
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.foreignProcess])
            #expect(findings.first?.detail == "runs /var/lib/web/busybox, which is not in the image")
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `a process of the host that joined one namespace is found`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            for words in [["-n", "sleep", "600"], ["-m", "/bin/sleep", "600"]] {
                let visitor = try await fleet.enter(id, sandbox, words)
                var findings: [DriftFinding] = []
                // A look at the machine's processes is good for a second.
                try await eventually("\(words) is seen") {
                    findings = try await fleet.drift()
                    return !findings.isEmpty
                }
                #expect(Set(findings.map(\.kind)) == [.foreignProcess], "\(words)")
                #expect(findings.allSatisfy { $0.instance == id })
                #expect(findings.contains { $0.detail.hasSuffix(", came from outside") }, "\(findings)")
                visitor.signal(SIGKILL)
                try await eventually("it has left") { try await fleet.drift() == [] }
            }
        }
    }

    @Test(arguments: [false, true])
    func `an altered layer is found and sealed anew for the replacement`(deep: Bool) async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            #expect(try await fleet.drift() == [])
            let layer = try fleet.anyLayer()
            try fleet.alter(layer)
            if deep {
                // As if it had been written below the file system: no time of the file has moved.
                try fleet.forgetTimes(of: layer)
                #expect(try await fleet.drift() == [])
            }
            let findings = try await fleet.drift(readingEverything: deep)
            #expect(findings.map(\.kind) == [.layerAltered])
            #expect(findings.map(\.instance) == [id])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift(readingEverything: true) == [])
            #expect(try await fleet.get() == "hello\n 200")
        }
    }

    @Test func `what was mounted over a layer is found and taken away for the replacement`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            let layer = try fleet.anyLayer()
            let name = layer.lastComponent?.stem ?? ""
            let target = fleet.home.runtime.appending("layers").appending(name)
            try Mounts.mount("tmpfs", at: target, type: "tmpfs")
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.layerAltered])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
            #expect(try await fleet.get() == "hello\n 200")
        }
    }

    @Test func `an altered layer that is not mounted is sealed anew when an instance starts`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
            try fleet.alter(try fleet.anyLayer())
            try await fleet.start("bbbb", routed: true)
            #expect(try await fleet.get() == "hello\n 200")
            #expect(try await fleet.drift(readingEverything: true) == [])
        }
    }

    @Test func `an altered configuration layer is found`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            try fleet.alter(fleet.paths.instance(id).topLayer)
            let findings = try await fleet.drift()
            #expect(findings.map(\.subject) == ["configuration layer"])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `a container whose instance's folder was removed is found and ended`() async throws {
        try await LocalFleet.with { fleet, _ in
            let stray = try await fleet.start("aaaa", routed: true)
            let kept = try await fleet.start("bbbb", routed: true).spec.id
            let process = try #require(ProcessIdentity(pid: try await fleet.pid(of: stray.spec.id)))
            try Files.remove(fleet.paths.instance(stray.spec.id).directory)
            let findings = try await fleet.drift()
            #expect(findings.map(\.kind) == [.strayContainer, .strayServer])
            #expect(findings.filter { $0.kind == .strayContainer }.map(\.subject) == ["web-1-aaaa"])
            try await fleet.converge()
            #expect(!process.isAlive)
            #expect(try await fleet.drift() == [])
            #expect(try await fleet.get("/cgi-bin/name") == "\(kept)\n 200")
            let next = try await fleet.start("cccc")
            #expect(next.address != nil)
        }
    }

    @Test func `instances that come and go are not accused`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let done = sandbox.path.appending("done")
            async let found = fleet.driftUntil(done)
            for round in 1...4 {
                for suffix in ["a", "b"] { try await fleet.start("\(suffix)\(round)", routed: true) }
                for suffix in ["a", "b"] {
                    let id = InstanceID("web-1-\(suffix)\(round)")
                    try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
                    try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
                }
            }
            try Files.write("", to: done)
            #expect(try await found == [])
        }
    }

    @Test func `an instance whose record of its process is gone is reported while something runs in it`()
        async throws
    {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            try Files.remove(fleet.paths.instance(id).process)
            let findings = try await fleet.drift()
            #expect(findings.map(\.subject) == ["process.json"])
            #expect(findings.map(\.instance) == [id])
            try await fleet.replace(id, by: "bbbb")
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `a program that is there again and again is found, though each time as another process`()
        async throws
    {
        try await LocalFleet.with { fleet, sandbox in
            let pid = try await fleet.pid(of: try await fleet.start("aaaa").spec.id)
            let loop = "while :; do nsenter -t \(pid) -m -p /bin/busybox sleep 0.15; done"
            _ = try await Background.start(["sh", "-c", loop], sandbox)
            try await eventually("the program is found") {
                try await fleet.drift().contains { $0.kind == .foreignProcess }
            }
        }
    }
}

extension LocalFleet {
    /// The host's root in the instance's namespaces, with all that the host may do.
    fileprivate func asHost(in id: InstanceID, _ words: [String]) async throws {
        let pid = try await pid(of: id)
        try await ToolRunner().run(ToolInvocation("nsenter", ["-t", "\(pid)"] + words))
    }

    /// A sealed layer that instances stand on.
    fileprivate func anyLayer() throws -> FilePath {
        let name = try #require(try Files.list(home.layers).first { $0.hasSuffix(".erofs") })
        return home.layers.appending(name)
    }

    /// Turns one byte in the middle of the file.
    fileprivate func alter(_ file: FilePath) throws {
        let descriptor = try FileDescriptor.open(file, .readWrite)
        defer { try? descriptor.close() }
        let place = (Files.facts(file)?.size ?? 0) - 100
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: place, into: $0) }
        byte[0] ^= 0xff
        _ = try descriptor.writeAll(toAbsoluteOffset: place, byte)
    }

    /// Lets the check believe that it has read the file as it is now.
    fileprivate func forgetTimes(of layer: FilePath) throws {
        struct Fingerprint: Codable {
            var inode: UInt64
            var size: Int64
            var modified: Int64
            var changed: Int64
        }
        let memory = home.runtime.appending("verified-layers.json")
        var known = try CanonicalJSON.decode([String: Fingerprint].self, from: try Files.read(memory))
        let facts = try #require(Files.facts(layer))
        known[layer.string] = Fingerprint(
            inode: facts.inode,
            size: facts.size,
            modified: facts.modified,
            changed: facts.changed
        )
        try Files.write(try CanonicalJSON.encode(known), to: memory)
    }

    fileprivate func driftUntil(_ done: FilePath) async throws -> [DriftFinding] {
        var found: [DriftFinding] = []
        while !Files.exists(done), found.isEmpty { found = try await drift() }
        return found
    }
}
