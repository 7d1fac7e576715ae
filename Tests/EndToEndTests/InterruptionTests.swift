import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Ctrl-C` {
    @Test func `during a step leaves no mount, process or temporary file, and the next bake works`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8511)
            let definition = try Files.readText(app.kiln.project.appending("kiln.yaml"))
            let step = "    steps: [{run: step.sh}]\n    entrypoint:"
            try app.kiln.write(definition.replacing("    entrypoint:", with: step), to: "kiln.yaml")
            try app.kiln.write("echo begun\n/bin/busybox sleep 1000\n", to: "step.sh")
            try await app.kiln.succeed("lock")

            let interrupted = try await interruptBake(app)
            #expect(interrupted.code == 130, "\(interrupted.messages)")
            #expect(interrupted.messages.contains("interrupted"))
            #expect(try MountTable.current().under(app.kiln.home.root).isEmpty)
            #expect(try MountTable.current().under(app.kiln.home.runtime).isEmpty)
            #expect(try Files.list(app.kiln.home.scratch).filter { !$0.hasSuffix(".lock") }.isEmpty)
            let sleepers = try await ToolRunner().runUnchecked(
                ToolInvocation("pgrep", ["-f", "busybox sleep 1000"])
            )
            #expect(sleepers.text.isEmpty)

            try app.kiln.write("echo short\n", to: "step.sh")
            try await app.kiln.succeed("bake")
        }
    }

    /// Sends SIGINT once the step has begun.
    private func interruptBake(_ app: WebApp) async throws -> KilnProcess.Result {
        let invocation = try app.kiln.invocation(["bake", "--verbose"])
        let messages = app.kiln.project.appending("messages").string
        let script = """
            \(invocation.commandLine) 2>\(messages) & pid=$!
            until grep -q begun \(messages); do kill -0 $pid || break; done
            kill -INT $pid
            wait $pid
            """
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-mc", script], workingDirectory: app.kiln.project)
        )
        return KilnProcess.Result(
            status: output.status,
            output: output.text,
            messages: try Files.readText(FilePath(messages))
        )
    }
}
