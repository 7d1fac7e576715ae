import Glibc
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Each change of the balancer by others is seen, and converging undoes it without losing a request.
@Suite(.serialized) struct `A balancer that others change` {
    private enum Change: String, CaseIterable {
        case `another address in the file`
        case `another listener in the file`
        case `another option in the file`
        case `another option for a server in the file`
        case `no file`
        case `an empty file`
        case `a server told to drain`
        case `a server in maintenance`
        case `another weight`
        case `a server that no instance stands behind`
        case `a server taken out`
    }

    @Test func `is found to be changed, and put right by converging`() async throws {
        try await LocalFleet.with { fleet, _ in
            for suffix in ["aaaa", "bbbb"] { try await fleet.start(suffix, routed: true) }
            let master = ProcessIdentity(file: fleet.paths.balancerProcess)
            for change in Change.allCases {
                #expect(try await fleet.drift() == [], "before \(change)")
                try await Self.make(change, fleet)
                let findings = try await fleet.drift()
                #expect(findings.count == 1 && findings.first?.instance == nil, "\(change): \(findings)")
                try await fleet.converge()
                #expect(try await fleet.drift() == [], "after \(change)")
                let seen = try await fleet.platform.observe(fleet.name)
                #expect(seen.map(\.traffic) == [.ready, .ready], "after \(change)")
                for _ in 1...3 { #expect(try await fleet.get() == "hello\n 200", "after \(change)") }
            }
            #expect(ProcessIdentity(file: fleet.paths.balancerProcess) == master)
        }
    }

    private static func make(_ change: Change, _ fleet: LocalFleet) async throws {
        let file = fleet.paths.balancerConfig
        let text = try Files.readText(file)
        let server = "instances/web-1-aaaa"
        switch change {
        case .`another address in the file`:
            let address = try #require(try await fleet.observe("web-1-aaaa").address)
            try Files.write(text.replacing("\(address):8080", with: "127.0.0.1:9"), to: file)
        case .`another listener in the file`:
            let listen = try #require(fleet.settings.listen)
            try Files.write(text.replacing("bind \(listen)", with: "bind 127.0.0.1:9"), to: file)
        case .`another option in the file`:
            try Files.write(text.replacing("backend instances", with: "backend other"), to: file)
        case .`another option for a server in the file`:
            try Files.write(text.replacing(" weight 100\n", with: " weight 100 backup\n"), to: file)
        case .`no file`: try Files.remove(file)
        case .`an empty file`: try Files.write("", to: file)
        case .`a server told to drain`: try await fleet.tellBalancer("set server \(server) state drain")
        case .`a server in maintenance`: try await fleet.tellBalancer("set server \(server) state maint")
        case .`another weight`: try await fleet.tellBalancer("set weight \(server) 0")
        case .`a server that no instance stands behind`:
            try await fleet.tellBalancer("add server instances/other 127.0.0.1:9 weight 1")
            try await fleet.tellBalancer("enable server instances/other")
        case .`a server taken out`:
            try await fleet.tellBalancer("set server \(server) state maint")
            try await fleet.tellBalancer("del server \(server)")
        }
    }

    @Test func `a drained server stays drained when the file was damaged`() async throws {
        try await LocalFleet.with { fleet, _ in
            let one = try await fleet.start("aaaa", routed: true).spec.id
            let two = try await fleet.start("bbbb", routed: true).spec.id
            try await fleet.platform.drain(one, of: fleet.name, token: fleet.token)
            try Files.remove(fleet.paths.balancerConfig)
            try await fleet.converge()
            #expect(try await fleet.observe(one).traffic == .draining(sessions: 0))
            #expect(try await fleet.observe(two).traffic == .ready)
        }
    }

    @Test func `a server that was told to drain by hand is not called ready`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            try await fleet.tellBalancer("set server instances/\(id) state drain")
            #expect(try await fleet.observe(id).traffic == .draining(sessions: 0))
            try await fleet.platform.route(id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.observe(id).traffic == .ready)
        }
    }

    @Test func `a dead balancer is told`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            // Whoever reads the file is no balancer.
            let reader = try await Background.start(
                ["tail", "-f", fleet.paths.balancerConfig.string],
                sandbox
            )
            let master = try #require(ProcessIdentity(file: fleet.paths.balancerProcess))
            master.signal(SIGKILL)
            try await eventually("nobody listens") { try await fleet.get().hasSuffix(" 000") }
            #expect(try await fleet.drift().map(\.detail) == ["does not answer"])
            try await fleet.converge()
            #expect(try await fleet.drift() == [])
            #expect(try await fleet.get("/cgi-bin/name") == "\(id)\n 200")
            #expect(reader.isAlive)
            reader.signal(SIGKILL)
        }
    }

    @Test func `a balancer that does not answer at once goes on serving`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            try await fleet.start("aaaa", routed: true)
            let master = ProcessIdentity(file: fleet.paths.balancerProcess)
            let load = try Load.start(fleet, sandbox)
            let socket = fleet.paths.balancerSocket
            let away = socket.removingLastComponent().appending("away")
            try Files.rename(socket, to: away)
            async let converged: Void = fleet.converge()
            // Not a wait for something: this long, nobody answers.
            try await Task.sleep(for: .milliseconds(700))
            try Files.rename(away, to: socket)
            try await converged
            #expect(try await load.stop().failed == [])
            #expect(ProcessIdentity(file: fleet.paths.balancerProcess) == master)
            #expect(try await fleet.drift() == [])
        }
    }
}
