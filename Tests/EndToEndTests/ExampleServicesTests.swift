import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: ExampleService.isPossible, "needs root and openjdk-17-jdk-headless"))
struct `The example services` {
    /// One home for both: they stand on the same base, which is baked once.
    @Test func `on OpenJDK and Node.js come out the same, keep what they are given, and roll under load`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let java = try await ExampleService("java-service", fleet: "orders", port: 8481, in: sandbox)
            let node = try await ExampleService("node-service", fleet: "links", port: 8482, in: sandbox)
            try await ToolRunner().run(ToolInvocation(java.kiln.project.appending("build.sh").string))
            for service in [java, node] { try await service.kiln.succeed("lock") }
            let first = try await java.kiln.succeed("bake", "--verify")
            let second = try await node.kiln.succeed("bake", "--verify")
            for verified in [first, second] {
                #expect(!verified.messages.contains("the clock was not moved"))
                #expect(try Files.list(java.kiln.home.scratch).filter { !$0.hasSuffix(".lock") } == [])
            }
            #expect(first.output.split(separator: "\n")[0] == second.output.split(separator: "\n")[0])
            #expect(second.messages.contains("base: packages ca-certificates tzdata: cached"))

            try await java.live(in: sandbox, keeping: "/orders/a-1", "one")
            try await node.live(in: sandbox, keeping: "/a-1", "http://127.0.0.1/there")
        }
    }
}

/// A copy of one of the examples, with a fleet of the same name as its service.
struct ExampleService {
    let kiln: KilnProcess
    let fleet: String
    let port: Int

    static let names = ["java-service", "node-service"]
    /// Those that are run on this machine.
    static let run = isPossible ? names : []
    static let isPossible = geteuid() == 0 && Files.exists("/usr/bin/javac")

    init(_ name: String, fleet: String, port: Int, in sandbox: Sandbox) async throws {
        kiln = try KilnProcess(sandbox, project: name)
        self.fleet = fleet
        self.port = port
        let source = Golden.project.appending("examples").appending(name)
        try await ToolRunner().run(
            ToolInvocation("cp", ["-rT", source.string, kiln.project.string])
        )
    }

    /// Deploy, a change that is kept, a roll forward and back under load, and the end.
    func live(in sandbox: Sandbox, keeping path: String, _ text: String) async throws {
        try await kiln.succeed("deploy", fleet)
        do {
            #expect(try await curl("/").hasPrefix("\(fleet) 1: 0 \(fleet), \(fleet)-1-"))
            _ = try await curl(path, "--request", "PUT", "--data", text)
            let result = try await Load.on(port: port, rate: 150, in: sandbox) {
                try release("2")
                try await kiln.succeed("bake")
                try await kiln.succeed("deploy", fleet)
                #expect(try await curl("/").hasPrefix("\(fleet) 2: 1 \(fleet), \(fleet)-2-"))
                try await kiln.succeed("rollback", fleet)
                // Under load, twice: what runs has settled by then.
                for _ in 0..<2 { try await kiln.succeed("drift", fleet) }
            }
            #expect(result.failed == 0, "\(result.failures)")
            #expect(result.sent > 100)
            #expect(try await curl("/").hasPrefix("\(fleet) 1: 1 \(fleet), \(fleet)-1-"))
            #expect(try await curl(path).contains(text))
            #expect(try await kiln.succeed("drift", fleet).messages.contains("no drift"))
        } catch {
            _ = try? await kiln.run("destroy", fleet, "--volumes")
            throw error
        }
        try await kiln.succeed("destroy", fleet, "--volumes")
    }

    /// The definition of another version: of the image and of what the service says of itself.
    private func release(_ version: String) throws {
        let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
        try kiln.write(
            definition.replacing("version: \"1\"", with: "version: \"\(version)\"")
                .replacing("_VERSION: \"1\"", with: "_VERSION: \"\(version)\""),
            to: "kiln.yaml"
        )
    }

    private func curl(_ path: String, _ options: String...) async throws -> String {
        try await ToolRunner().run(
            ToolInvocation(
                "curl",
                ["--silent", "--show-error", "--fail", "--max-time", "10"] + options
                    + ["http://127.0.0.1:\(port)\(path)"]
            )
        ).text
    }
}
