import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Work before a release` {
    @Test func `runs once through a crash, and keeps a release back when it fails`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8595)
            let kiln = app.kiln
            try app.release("1", instances: 1)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            sandbox.onExit {
                try await kiln.succeed("destroy", "--all", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await kiln.succeed("deploy", "web")

            let script = "echo $GREETING >> /data/ran; echo migrating; sleep 4; echo moved >> /data/ran"
            try release(app, "2", script)
            try await kiln.succeed("bake")
            try await killDeployOnceItRan(kiln)
            let status = try await kiln.succeed("status", "web").output
            #expect(status.contains("the work before release 2: /bin/sh -c"), "\(status)")
            #expect(try await kiln.succeed("drift", "web").code == 0, "it is no stranger")
            try await kiln.succeed("resume", "web")
            #expect(try ran(kiln) == ["hello", "moved"], "once, although its command died")
            #expect(try await app.get() == "version 2\n")
            #expect(try await kiln.succeed("events", "--format", "json").output.contains("| migrating"))

            try release(app, "3", "echo the table is locked; exit 9")
            try await kiln.succeed("bake")
            let failed = try await kiln.run("deploy", "web")
            #expect(failed.code == 1 && failed.messages.contains("ended with status 9"), "\(failed.messages)")
            #expect(failed.messages.contains("the table is locked"))
            #expect(try await app.get() == "version 2\n")
            #expect(try await kiln.succeed("releases", "web").output.contains("quarantined: before its"))
            try await app.expectNothingBeyond(instances: 1)
        }
    }

    /// What is killed before it noted the process leaves work that nobody can judge: that is another case than this one.
    private func killDeployOnceItRan(_ kiln: KilnProcess) async throws {
        let line = try kiln.invocation(["deploy", "web"]).commandLine
        let file = kiln.home.volumes.pushing("web/data/ran")
        let records = kiln.home.run.pushing("web/web-2-*/process.json")
        let script = """
            \(line) >/dev/null 2>&1 & pid=$!
            until { [ -s \(file) ] && [ -e \(records) ]; } || ! kill -0 $pid; do sleep 0.05; done
            kill -9 $pid; wait $pid
            """
        _ = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-c", script], workingDirectory: kiln.project)
        )
        #expect(try ran(kiln) == ["hello"])
    }

    private func ran(_ kiln: KilnProcess) throws -> [String] {
        let file = kiln.home.volumes.pushing("web/data/ran")
        return Files.exists(file) ? try Files.readText(file).split(separator: "\n").map(String.init) : []
    }

    private func release(_ app: WebApp, _ version: String, _ script: String) throws {
        try app.release(version, instances: 1)
        let text = try Files.readText(app.kiln.project.appending("kiln.yaml"))
        let before = """
                image: web
                config: {env: {GREETING: hello}}
                before: [{run: [/bin/sh, -c, "\(script)"], timeout: 10s}]

            """
        try app.kiln.write(text.replacing("    image: web\n", with: before), to: "kiln.yaml")
    }
}
