import Glibc
import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `What dies on this machine` {
    @Test func `a killed instance is seen with its status`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa", routed: true)
            guard case .running(let pid) = instance.process else { throw Unexpected(instance.process) }
            let killed = WallClock.milliseconds
            kill(pid, SIGKILL)
            try await eventually("its end is noted") {
                try await fleet.observe(instance.spec.id).process == .exited(status: 137)
            }
            let dead = try await fleet.observe(instance.spec.id)
            // To the tick of the kernel's file times, which may be a few milliseconds behind.
            let ended = try #require(dead.ended)
            #expect(ended > killed - 50 && ended <= WallClock.milliseconds)
            #expect(await fleet.platform.probe(dead) == .failed(reason: "exited with status 137"))
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            #expect(try await fleet.observe(instance.spec.id).traffic == InstanceObservation.Traffic.none)
        }
    }

    @Test func `an instance whose supervisor was killed is seen to have none`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa")
            let file = fleet.paths.instance(instance.spec.id).supervisorProcess
            let supervisor = try #require(ProcessIdentity(file: file))
            supervisor.signal(SIGKILL)
            try await eventually("the supervisor is gone") { !supervisor.isAlive }
            #expect(instance.isSupervised)
            #expect(try await !fleet.observe(instance.spec.id).isSupervised)
            #expect(await fleet.platform.probe(instance) == .passed)
        }
    }

    @Test func `a killed balancer comes back with the servers it had`() async throws {
        try await LocalFleet.with { fleet, _ in
            let one = try await fleet.start("aaaa", routed: true).spec.id
            let two = try await fleet.start("bbbb", routed: true).spec.id
            try await fleet.platform.drain(two, of: fleet.name, token: fleet.token)
            let master = try #require(ProcessIdentity(file: fleet.paths.balancerProcess))
            master.signal(SIGKILL)
            try await eventually("nobody listens") { try await fleet.get().hasSuffix(" 000") }
            #expect(try await fleet.observe(one).traffic == InstanceObservation.Traffic.none)
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            #expect(try await fleet.get("/cgi-bin/name") == "\(one)\n 200")
            #expect(try await fleet.observe(one).traffic == .ready)
            #expect(try await fleet.observe(two).traffic == .draining(sessions: 0))
        }
    }

    @Test func `after everything was killed and unmounted, converging and destroying leaves nothing`()
        async throws
    {
        try await LocalFleet.with { fleet, _ in
            let one = try await fleet.start("aaaa", routed: true).spec.id
            try await fleet.start("bbbb", routed: true)
            try await fleet.endOfTheWorld()
            let dead = try await fleet.platform.observe(fleet.name)
            #expect(dead.count == 2)
            #expect(dead.allSatisfy { $0.process == .exited(status: nil) && $0.traffic == .none })
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            #expect(try await fleet.get().hasSuffix(" 503"))
            try await fleet.platform.destroy(one, of: fleet.name, token: fleet.token)
            let fresh = try await fleet.start("cccc", routed: true).spec.id
            #expect(try await fleet.get("/cgi-bin/name") == "\(fresh)\n 200")
        }
    }

    @Test func `a program that does not heed the stop signal does not hold up`() async throws {
        try await LocalFleet.with { fleet, _ in
            let deaf = try await fleet.image(entrypoint: ["/bin/sleep", "600"])
            try await fleet.start("aaaa") { content in
                content.image = deaf
                content.health = nil
                content.stop = StopDefinition(signal: "TERM", grace: .seconds(100))
            }
            let took = try await ContinuousClock().measure {
                try await fleet.platform.destroy("web-1-aaaa", of: fleet.name, token: fleet.token)
            }
            #expect(took < .seconds(50))
        }
    }

    @Test func `a supervisor that is still making an instance is ended with it`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let paths = fleet.paths.instance("web-1-aaaa")
            try await fleet.start("aaaa")
            // As if the command had been killed before it knew of the container: and another maker goes on.
            for file in [paths.process, paths.containerProcess, paths.supervisorProcess] {
                try Files.remove(file)
            }
            // One process each: nothing of it outlives the signal.
            let words = ["tail", "-f", "/dev/null", paths.bundle.string]
            let making = "exec -a conmon \(words.joined(separator: " "))"
            let script = "setsid bash -c '\(making)' > /dev/null 2>&1 &"
            try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
            let editor = try await Background.start(words, sandbox)
            try await eventually("the maker runs") { try fleet.makers(paths).count == 3 }
            try await fleet.platform.destroy("web-1-aaaa", of: fleet.name, token: fleet.token)
            #expect(try fleet.makers(paths) == [editor.pid], "who only looks into the bundle makes nothing")
            editor.signal(SIGKILL)
        }
    }

    @Test func `addresses of instances that are no more are given out again`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa")
            let leases = fleet.home.root.appending("network/leases")
            let network = try #require(try Files.list(leases).first)
            let stale = leases.appending(network).appending("10.213.255.254")
            try Files.write("web-1-gone\r\neth0", to: stale)
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            #expect(!Files.exists(stale))
            #expect(Files.exists(leases.appending(network).appending(instance.address ?? "")))
        }
    }
}

extension LocalFleet {
    /// Processes that were started with the instance's bundle: its supervisor among them.
    fileprivate func makers(_ paths: InstancePaths) throws -> [Int32] {
        try ProcessIdentity.all().filter { ProcessIdentity.arguments(of: $0).contains(paths.bundle.string) }
    }

    /// What a power cut does, as far as it can be done without one: every process killed, every mount gone, the runtime folder emptied.
    fileprivate func endOfTheWorld() async throws {
        let cgroups = try Cgroups.current(of: home)
        for instance in try paths.instances() {
            for pid in [instance.supervisorProcess, instance.containerProcess] {
                ProcessIdentity(file: pid)?.signal(SIGKILL)
            }
            for pid in cgroups.processes(instance.id, of: name) { kill(pid, SIGKILL) }
            try await eventually("\(instance.id) is empty") {
                cgroups.processes(instance.id, of: name).isEmpty
            }
        }
        if let master = ProcessIdentity(file: paths.balancerProcess) {
            master.signal(SIGKILL)
            try await eventually("the balancer is gone") { try await get().hasSuffix(" 000") }
        }
        try Mounts.unmountAll(under: home.runtime)
        try Files.remove(home.runtime)
        _ = try await ToolRunner().runUnchecked(
            ToolInvocation("ip", ["link", "delete", "kiln\(home.identifier)"])
        )
        // The exit files of a machine that lost power were never written.
        for instance in try paths.instances() { try Files.remove(instance.exits) }
    }
}
