import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Every example, in a fresh home: locked, baked, and made again in hostile conditions. Those services that are run too are verified
/// where they are baked for that.
@Suite struct `The examples` {
    static let all = ((try? Files.list(Golden.project.appending("examples"))) ?? []).filter {
        Files.exists(Golden.project.appending("examples").appending($0).appending("kiln.yaml"))
            && !ExampleService.run.contains($0)
    }

    @Test(arguments: all)
    func `come out the same when they are made again from nothing`(_ name: String) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let source = Golden.project.appending("examples").appending(name)
            try await ToolRunner().run(
                ToolInvocation("cp", ["-r", source.string + "/.", kiln.project.string])
            )
            // What is compiled is no part of the repository.
            let build = kiln.project.appending("build.sh")
            if Files.exists(build) { try await ToolRunner().run(ToolInvocation(build.string)) }
            try await kiln.succeed("lock")
            let verified = try await kiln.run("bake", "--verify")
            #expect(verified.code == 0, "\(verified.messages)\n\(verified.output)")
            #expect(!verified.messages.contains("the clock was not moved"))
            #expect(try Files.list(kiln.home.scratch).filter { !$0.hasSuffix(".lock") } == [])
        }
    }
}
