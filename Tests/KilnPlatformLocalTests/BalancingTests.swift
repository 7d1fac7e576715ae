import Glibc
import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Traffic to instances` {
    @Test func `draining lets a request finish and sends new ones elsewhere`() async throws {
        try await LocalFleet.with { fleet, _ in
            let old = try await fleet.start("aaaa", routed: true).spec.id
            async let slow = fleet.get("/cgi-bin/slow", seconds: 60)
            try await eventually("the slow request is under way") {
                try await fleet.busy(old) == 1
            }
            let new = try await fleet.start("bbbb", routed: true).spec.id
            try await fleet.platform.drain(old, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(old).traffic == .draining(sessions: 1))
            for _ in 1...5 { #expect(try await fleet.get("/cgi-bin/name") == "\(new)\n 200") }
            try fleet.letSlowRequestsGo()
            #expect(try await slow == "\(old)\n 200")
            try await eventually("nothing is under way") {
                try await fleet.observe(old).traffic == .draining(sessions: 0)
            }
        }
    }

    @Test func `detaching ends what is left`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            async let slow = fleet.get("/cgi-bin/slow", seconds: 60)
            try await eventually("the slow request is under way") { try await fleet.busy(id) == 1 }
            try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
            try await fleet.platform.detach(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).traffic == InstanceObservation.Traffic.none)
            #expect(try await slow.hasSuffix(" 502"), "told at once, not left waiting")
        }
    }

    @Test func `the file says what runs after each step, and a reload changes nothing`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.expectFileMatchesProcess()
            let one = try await fleet.start("aaaa", routed: true).spec.id
            try await fleet.expectFileMatchesProcess()
            let two = try await fleet.start("bbbb", routed: true).spec.id
            try await fleet.expectFileMatchesProcess()
            try await fleet.platform.drain(one, of: fleet.name, token: fleet.token)
            try await fleet.expectFileMatchesProcess()
            try await fleet.platform.detach(one, of: fleet.name, token: fleet.token)
            try await fleet.expectFileMatchesProcess()
            try await fleet.platform.detach(two, of: fleet.name, token: fleet.token)
            try await fleet.expectFileMatchesProcess()
        }
    }

    @Test func `no request is lost while instances are replaced`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            var current = try await fleet.start("aaaa", routed: true).spec.id
            let load = try Load.start(fleet, sandbox)
            for suffix in ["bbbb", "cccc", "dddd"] {
                let next = try await fleet.start(suffix, routed: true).spec.id
                try await fleet.replace(current)
                current = next
            }
            let outcome = try await load.stop()
            #expect(outcome.failed == [])
            #expect(outcome.sent > 20)
        }
    }

    @Test func `a new listener takes over while requests come`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            async let slow = fleet.get("/cgi-bin/slow", seconds: 60)
            try await eventually("the slow request is under way") { try await fleet.busy(id) == 1 }
            var moved = fleet.settings
            moved.listen = Listeners(ListenAddress(address: "127.0.0.1", port: try FreePort.find()))
            try await fleet.platform.converge(moved, token: fleet.token)
            #expect(try await fleet.get().hasSuffix(" 000"))
            let load = try Load.start(fleet, sandbox, at: moved.listen)
            try fleet.letSlowRequestsGo()
            #expect(try await slow == "\(id)\n 200", "came by the old listener before it was gone")
            try await fleet.start("bbbb", routed: true)
            try await fleet.replace(id)
            #expect(try await load.stop().failed == [])
            try await fleet.converge()
            #expect(try await fleet.get() == "hello\n 200")
        }
    }

    @Test func `a port that somebody else has is refused by name`() async throws {
        try await LocalFleet.with { one, sandbox in
            let other = FleetSettings(fleet: "other", listen: one.settings.listen)
            sandbox.onExit { try await one.platform.removeFleet("other", volumes: true, token: one.token) }
            let error = await #expect(throws: LocalPlatformError.self) {
                try await one.platform.converge(other, token: one.token)
            }
            let listen = try #require(one.settings.listen)
            let message = try #require(error?.message)
            #expect(message.hasPrefix("fleet other cannot listen on \(listen): haproxy (process "))
            #expect(message.hasSuffix(") already does"))
            try await one.platform.removeFleet("other", volumes: true, token: one.token)
        }
    }

    @Test func `what is refused leaves a balancer where it listens, and says that it is not elsewhere`()
        async throws
    {
        try await LocalFleet.with { one, sandbox in
            let (platform, token) = (one.platform, one.token)
            let own = FleetSettings(
                fleet: "other",
                listen: Listeners(ListenAddress(address: "127.0.0.1", port: try FreePort.find()))
            )
            let taken = FleetSettings(fleet: "other", listen: one.settings.listen)
            sandbox.onExit { try await platform.removeFleet("other", volumes: true, token: token) }
            #expect(try await platform.isListening(own) == false)
            try await platform.converge(own, token: token)
            await #expect(throws: LocalPlatformError.self) { try await platform.check(taken) }
            await #expect(throws: LocalPlatformError.self) {
                try await platform.converge(taken, token: token)
            }
            #expect(try await platform.isListening(own))
            #expect(try await platform.isListening(taken) == false)
            try await platform.check(own)
            try await platform.removeFleet("other", volumes: true, token: token)
        }
    }

    @Test func `a drained instance shows no part in the requests until it is routed again`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            #expect(try await fleet.observe(id).weight == 100)
            try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).weight == 0)
            try await fleet.platform.route(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).weight == 100)
        }
    }

    @Test func `a fleet without a listener has no balancer and remembers who is routed`() async throws {
        try await LocalFleet.with { fleet, _ in
            var quiet = fleet.settings
            quiet.listen = nil
            try await fleet.platform.converge(quiet, token: fleet.token)
            let id = try await fleet.start("aaaa", routed: true).spec.id
            #expect(try await fleet.observe(id).traffic == .ready)
            try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).traffic == .draining(sessions: 0))
            #expect(!Files.exists(fleet.paths.balancerSocket))
        }
    }

    @Test func `a release with another health check changes the balancer's by a reload that loses nothing`()
        async throws
    {
        try await LocalFleet.with { fleet, sandbox in
            let old = try await fleet.start("aaaa", routed: true).spec.id
            let load = try Load.start(fleet, sandbox)
            try await fleet.start("bbbb", routed: true) {
                $0.health = HealthDefinition(probe: .http(port: 8080, path: "/cgi-bin/name"))
            }
            try await fleet.expectFileMatchesProcess()
            try await fleet.replace(old)
            try await fleet.expectFileMatchesProcess()
            #expect(try await load.stop().failed == [])
        }
    }

    /// Such a worker takes no word any more (HAProxy 2.6).
    @Test func `an instance leaves while a worker that was replaced finishes one of its requests`()
        async throws
    {
        try await LocalFleet.with { fleet, _ in
            let old = try await fleet.start("aaaa", routed: true).spec.id
            async let slow = fleet.get("/cgi-bin/slow", seconds: 60)
            try await eventually("the slow request is under way") { try await fleet.busy(old) == 1 }
            try await fleet.startWithAnotherCheck("bbbb")
            try await fleet.platform.drain(old, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(old).traffic == .draining(sessions: 1))
            try fleet.letSlowRequestsGo()
            #expect(try await slow == "\(old)\n 200")
            try await fleet.replace(old)
        }
    }

    @Test func `an instance stays while a client of a replaced worker may send one more request`()
        async throws
    {
        try await LocalFleet.with { fleet, sandbox in
            let old = try await fleet.start("aaaa", routed: true).spec.id
            let (said, go) = (sandbox.path.appending("said"), sandbox.path.appending("go"))
            let client = """
                import http.client, os, sys, time
                connection = http.client.HTTPConnection(sys.argv[1])
                for turn in range(2):
                    while turn and not os.path.exists("\(go)"): time.sleep(0.01)
                    connection.request("GET", "/index.html")
                    answer = connection.getresponse()
                    answer.read()
                    open("\(said)", "a").write(f"{answer.status}\\n")
                """
            let listen = try #require(fleet.settings.listen)
            _ = try await Background.start(["python3", "-c", client, "\(listen)"], sandbox)
            try await eventually("the client has its first answer") {
                (try? Files.readText(said)) == "200\n"
            }
            try await fleet.startWithAnotherCheck("bbbb")
            try await fleet.platform.drain(old, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(old).traffic == .draining(sessions: 1))
            try Files.write("", to: go)
            try await eventually("the client has its second answer") {
                (try? Files.readText(said)) == "200\n200\n"
            }
            try await fleet.replace(old)
        }
    }
}

extension LocalFleet {
    /// Which the balancer takes by a reload.
    fileprivate func startWithAnotherCheck(_ suffix: String) async throws {
        try await start(suffix, routed: true) {
            $0.health = HealthDefinition(probe: .http(port: 8080, path: "/cgi-bin/name"))
        }
    }

    /// Requests under way at a server, in all workers.
    fileprivate func busy(_ id: InstanceID) async throws -> Int {
        let answer = try await ask("show stat", paths.balancerSocket)
        return BalancerState.servers(answer)[ServerID(id.description)]?.sessions ?? 0
    }

    fileprivate func letSlowRequestsGo() throws {
        try Files.write("", to: paths.volumes.appending("data").appending("go"))
    }

    fileprivate func replace(_ id: InstanceID) async throws {
        try await platform.drain(id, of: name, token: token)
        try await eventually("\(id) has no requests") {
            try await observe(id).traffic == .draining(sessions: 0)
        }
        try await platform.detach(id, of: name, token: token)
        try await platform.destroy(id, of: name, token: token)
    }

    /// Compares the file with the running process, and once more with the process that a reload brings.
    fileprivate func expectFileMatchesProcess(
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let text = try Files.readText(paths.balancerConfig)
        let config = try #require(BalancerFileReader.read(text))
        let wanted = config.servers.map { "\($0.id.instance) \($0.address):\($0.port) \($0.weight)" }
        #expect(try await running() == wanted, sourceLocation: sourceLocation)
        let before = try await workers()
        let master = try #require(ProcessIdentity(file: paths.balancerProcess))
        master.signal(SIGUSR2)
        try await eventually("a new worker") {
            let now = try await workers()
            return now.current != before.current && now.current != nil
        }
        #expect(try await running() == wanted, "after a reload", sourceLocation: sourceLocation)
    }

    private func running() async throws -> [String] {
        let answer = try await ask("show stat", paths.balancerSocket)
        return BalancerState.servers(answer)
            .filter { !$0.value.isInMaintenance }
            .map { "\($0.key) \($0.value.endpoint) \($0.value.weight)" }.sorted()
    }

    private func workers() async throws -> (current: Int32?, all: Int) {
        let text = try await ask("show proc", paths.balancerMasterSocket)
        let rows = text.split(separator: "\n").filter { $0.contains(" worker ") }
        let current = rows.first.flatMap { $0.split(separator: " ").first }.flatMap { Int32($0) }
        return (current, rows.count)
    }

    private func ask(_ question: String, _ socket: FilePath) async throws -> String {
        try await ToolRunner().runUnchecked(
            // A new worker's socket may not be there yet.
            ToolInvocation("sh", ["-c", "echo '\(question)' | socat - UNIX-CONNECT:\(socket)"])
        ).text
    }
}
