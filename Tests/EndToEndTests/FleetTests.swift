import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A fleet on this machine` {
    @Test func `starts, serves, logs, tells its state, and goes without a trace`() async throws {
        try await withApp(port: 8501) { app, _ in
            let kiln = app.kiln
            try await kiln.succeed("deploy", "web", "--message", "the first one")
            #expect(try await app.get() == "version 1\n")
            let status = try await kiln.succeed("status", "web")
            #expect(status.output.contains("3 of 3 instances serve"), "\(status.output)")
            let logs = try await kiln.succeed("logs", "web", "--last", "5")
            #expect(logs.output.contains("web-1-") && logs.output.contains("response:200"))
            let first = try await app.kiln.firstLine("logs", "web", "--follow")
            #expect(first.contains("web-1-"))
            #expect(try await kiln.succeed("releases", "web").output.contains("the first one"))
            let events = try await kiln.succeed("events", "web").output
            #expect(events.contains("release 1") && events.contains("  after #"), "\(events)")
            let why = try await kiln.succeed("why", "web").output
            #expect(why.contains("web: nothing: all is as it shall be") && why.contains("because"), "\(why)")
            let report = try await kiln.succeed("report", "--format", "markdown").output
            #expect(report.contains("| web | 1 | 0 | 0 | 0.0 |"), "\(report)")
            let watched = try await ToolRunner().runUnchecked(
                ToolInvocation(
                    "timeout",
                    ["--foreground", "--preserve-status", "--signal=INT", "3"] + [
                        try KilnProcess.executable, "status", "web", "--watch",
                    ],
                    environment: try kiln.invocation([]).environment,
                    workingDirectory: kiln.project
                )
            )
            #expect(watched.status == .exited(0))
            // Nothing changed meanwhile: each line is told once.
            let told = watched.text.split(separator: "\n").filter { $0.contains("3 of 3 instances serve") }
            #expect(told.count == 1, "\(watched.text)")
            let again = try await kiln.succeed("deploy", "web")
            #expect(again.messages.contains("nothing to do"))
        }
    }

    @Test func `rolls five times under load without a failed request`() async throws {
        try await withApp(port: 8502) { app, sandbox in
            try await app.kiln.succeed("deploy", "web")
            let result = try await Load.on(port: app.port, in: sandbox) {
                for version in 2...6 {
                    try app.release(String(version))
                    try await app.kiln.succeed("bake")
                    try await app.kiln.succeed("deploy", "web")
                }
            }
            #expect(try await app.get() == "version 6\n")
            #expect(result.failed == 0, "\(result.failures)")
            // A loaded machine may fall behind the rate, never by half.
            #expect(Double(result.sent) > 150 * result.seconds, "\(result.sent) in \(result.seconds) s")
        }
    }

    @Test func `brings the earlier release back when a new one fails, and refuses the failed one again`()
        async throws
    {
        try await withApp(port: 8503) { app, sandbox in
            try await app.kiln.succeed("deploy", "web")
            try app.release("2", breaks: true)
            try await app.kiln.succeed("bake")
            let result = try await Load.on(port: app.port, in: sandbox) {
                let deploy = try await app.kiln.run("deploy", "web")
                #expect(deploy.code == 5, "\(deploy.messages)")
                #expect(deploy.messages.contains("HTTP 404"))
            }
            #expect(result.failed == 0, "\(result.failures)")
            #expect(try await app.get() == "version 1\n")
            let refused = try await app.kiln.run("deploy", "web")
            #expect(refused.code == 1)
            #expect(refused.messages.contains("quarantined"))
        }
    }

    @Test func `a first deploy that fails ends stopped, with the reason and the last log lines`() async throws
    {
        try await withApp(port: 8504) { app, _ in
            try app.release("1", breaks: true)
            try await app.kiln.succeed("bake")
            let deploy = try await app.kiln.run("deploy", "web")
            #expect(deploy.code == 1, "\(deploy.messages)")
            #expect(deploy.messages.contains("HTTP 404"))
            #expect(
                deploy.messages.contains("last lines of web-1-") && deploy.messages.contains("response:404")
            )
            #expect(try await app.kiln.status().instances.isEmpty)
        }
    }

    @Test func `a release whose program is missing is blamed at once, and quarantined`() async throws {
        try await withApp(port: 8510) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            let definition = try Files.readText(app.kiln.project.appending("kiln.yaml"))
            try app.kiln.write(
                definition.replacing("[/bin/busybox, httpd", with: "[/bin/nothing, httpd"),
                to: "kiln.yaml"
            )
            try await app.kiln.succeed("bake")
            let deploy = try await app.kiln.run("deploy", "web")
            #expect(deploy.code == 5, "\(deploy.messages)")
            #expect(deploy.messages.contains("/bin/nothing"))
            #expect(try await app.get() == "version 1\n")
            #expect(try await app.kiln.run("deploy", "web").messages.contains("quarantined"))
        }
    }

    @Test func `goes back to an earlier release when told to`() async throws {
        try await withApp(port: 8505) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            try app.release("2")
            try await app.kiln.succeed("bake")
            try await app.kiln.succeed("deploy", "web")
            try await app.kiln.succeed("rollback", "web")
            #expect(try await app.get() == "version 1\n")
            try await app.kiln.succeed("rollback", "web", "--to", "2")
            #expect(try await app.get() == "version 2\n")
        }
    }

    @Test func `comes back after everything was killed and unmounted`() async throws {
        try await withApp(port: 8506) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            try await app.killEverything()
            try await app.kiln.succeed("resume", "web")
            #expect(try await app.get() == "version 1\n")
            #expect(try await app.kiln.status().instances.count == 3)
        }
    }

    @Test func `survives ten kills of a deploy at random moments`() async throws {
        try await withApp(port: 8507) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            var generator = SeededGenerator(seed: 7)
            for round in 2...11 {
                try app.release(String(round))
                try await app.kiln.succeed("bake")
                try await app.killDeploy(afterMilliseconds: Int.random(in: 50...3000, using: &generator))
                try await app.kiln.succeed("deploy", "web")
                #expect(try await app.get() == "version \(round)\n")
                #expect(try await app.kiln.status().instances.count == 3)
                try await app.expectNothingBeyond(instances: 3)
            }
        }
    }

    @Test func `a deploy that is interrupted pauses, serves on, and is resumed`() async throws {
        try await withApp(port: 8508) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            try app.release("2")
            try await app.kiln.succeed("bake")
            let interrupted = try await app.interruptDeploy()
            #expect(interrupted.code == 130, "\(interrupted.messages)")
            #expect(interrupted.messages.contains("paused"))
            #expect(try await app.get().hasPrefix("version"))
            try await app.kiln.succeed("resume", "web")
            #expect(try await app.get() == "version 2\n")
        }
    }

    @Test func `a deploy that loses its terminal pauses nothing, and the next command goes on with it`()
        async throws
    {
        try await withApp(port: 8508) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            try app.release("2")
            try await app.kiln.succeed("bake")
            let left = try await app.interruptDeploy(by: "HUP")
            #expect(left.code == 130, "\(left.messages)")
            #expect(!left.messages.contains("is paused"), "\(left.messages)")
            #expect(try await !app.kiln.succeed("status", "web").output.contains("(paused)"))
            try await app.kiln.succeed("resume", "web")
            #expect(try await app.get() == "version 2\n")
        }
    }

    @Test func `finds and replaces what an intruder changed`() async throws {
        try await withApp(port: 8509) { app, _ in
            try await app.kiln.succeed("deploy", "web")
            #expect(try await app.kiln.succeed("drift", "web").messages.contains("no drift"))
            let victim = try #require(try await app.kiln.status().instances.first)
            let pid = try #require(victim.pid)
            let write = try await ToolRunner().runUnchecked(
                ToolInvocation("touch", ["/proc/\(pid)/root/www/backdoor"])
            )
            #expect(write.errorText.contains("Read-only file system"))
            try await ToolRunner().run(
                ToolInvocation(
                    "nsenter",
                    ["--target", String(pid), "--mount", "/bin/busybox", "mount", "-t", "tmpfs", "x", "/www"]
                )
            )
            let found = try await app.kiln.run("drift", "web")
            #expect(found.code == 4)
            #expect(found.output.contains("over-mount") && found.output.contains("/www"))
            #expect(try await app.kiln.run("drift", "web", "--replace").code == 4)
            #expect(try await app.kiln.run("drift", "web").code == 0)
            #expect(try await !app.kiln.status().instances.map(\.id).contains(victim.id))
        }
    }

    private func withApp(port: Int, _ body: (WebApp, Sandbox) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "web", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await body(app, sandbox)
        }
    }
}

/// splitmix64: the same moments in every run.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
