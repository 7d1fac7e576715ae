import Glibc
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Another process that makes, routes and destroys instances, and is killed in the middle of it.
@Suite(.serialized) struct `A command that is killed` {
    private static let variable = "KILN_TEST_KILLED_SANDBOX"

    @Test(.timeLimit(.minutes(5))) func `the next one finds what it left and cleans up`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            var random = SystemRandomNumberGenerator()
            for round in 1...10 {
                let pause = Int.random(in: 0...700, using: &random)
                let pid = try await startChild(sandbox)
                // Not a wait for something: any moment will do.
                try await Task.sleep(for: .milliseconds(pause))
                kill(pid, SIGKILL)
                try await eventually("the child is gone") { ProcessIdentity(pid: pid) == nil }
                try await fleet.platform.converge(fleet.settings, token: fleet.token)
                for instance in try await fleet.platform.observe(fleet.name) {
                    let id = instance.spec.id
                    try await fleet.platform.detach(id, of: fleet.name, token: fleet.token)
                    try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
                }
                let left = try LeftBehind.instances(of: fleet.home)
                #expect(left == [], "round \(round), after \(pause) ms")
            }
            let fresh = try await fleet.start("last", routed: true).spec.id
            #expect(try await fleet.get("/cgi-bin/name") == "\(fresh)\n 200")
        }
    }

    @Test(.enabled(if: getenv(variable) != nil, "only as the child of the test above"))
    func `it works until it is killed`() async throws {
        let sandbox = FilePath(String(cString: try #require(getenv(Self.variable))))
        let fleet = try LocalFleet(joining: sandbox)
        try Files.write("\(getpid())", to: sandbox.appending("child.pid"))
        for number in 0...1_000 {
            let spec = fleet.spec("k\(number)")
            try await fleet.platform.create(spec, token: fleet.token)
            try await fleet.platform.route(spec.id, of: fleet.name, token: fleet.token)
            try await fleet.platform.drain(spec.id, of: fleet.name, token: fleet.token)
            try await fleet.platform.detach(spec.id, of: fleet.name, token: fleet.token)
            try await fleet.platform.destroy(spec.id, of: fleet.name, token: fleet.token)
        }
    }

    /// Its process number, once it has begun to work.
    private func startChild(_ sandbox: Sandbox) async throws -> Int32 {
        let file = sandbox.path.appending("child.pid")
        try Files.remove(file)
        try await ToolRunner().runDetaching(
            ToolInvocation(
                "sh",
                [
                    "-c", "setsid \"$@\" &", "sh", "/proc/\(getpid())/exe", "--testing-library",
                    "swift-testing",
                    "--filter", "it works until it is killed",
                ],
                environment: [Self.variable: sandbox.path.string]
            ),
            log: sandbox.path.appending("child.log")
        )
        try await eventually("the child works") { Files.exists(file) }
        return try #require(Int32(try Files.readText(file)))
    }
}
