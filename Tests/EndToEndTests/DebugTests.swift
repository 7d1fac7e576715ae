import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `kiln debug` {
    @Test(arguments: [false, true])
    func `condemns, joins tools, and destroys; alone and under kiln serve`(isServed: Bool) async throws {
        try await withApp(port: 8641, isServed) { app, sandbox in
            let kiln = app.kiln
            let id = try await instance(kiln)
            let script = """
                busybox ps; busybox id -u; busybox cat /proc/self/status; busybox ls /instance/www; busybox hostname
                busybox cat /proc/1/environ || echo no memory; busybox touch /instance/x || echo sealed; exit 7
                """
            let seen = try await run(
                kiln,
                ["debug", "web/\(id)", "--why", "hangs", "--", "/bin/sh", "-c", script]
            )
            #expect(seen.code == 1, "the command's failure is the command's: \(seen.messages)")
            #expect(seen.output.contains("httpd -f -v -p 8080"), "the instance's processes: \(seen.output)")
            #expect(seen.output.contains("NoNewPrivs:\t1"))
            #expect(seen.output.contains("CapEff:\t0000000000002024"), "\(seen.output)")
            #expect(seen.output.contains("index.html") && seen.output.contains(id))
            #expect(seen.output.contains("no memory") && seen.output.contains("sealed"))
            #expect(seen.messages.contains("instance \(id) is destroyed"), "\(seen.messages)")
            let status = try await kiln.succeed("status", "web").output
            #expect(!status.contains(id))
            let events = try await kiln.succeed("events", "web").output
            #expect(events.contains("is condemned, leaves the traffic and is debugged with tools of web"))
            #expect(events.contains("with status 7; it is destroyed"))
            #expect(events.contains(": hangs)"))
            try await eventually("the place is filled") {
                try await kiln.succeed("status", "web").output.contains("3 of 3 instances serve")
            }
            #expect(try await kiln.succeed("drift", "web").code == 0)
        }
    }

    @Test(arguments: [false, true])
    func `that is killed leaves no tools, and the next command no instance`(isServed: Bool) async throws {
        try await withApp(port: 8642, isServed) { app, sandbox in
            let kiln = app.kiln
            let id = try await instance(kiln)
            let arguments = ["debug", id, "--why", "killed", "--", "/bin/busybox", "sleep", "8642"]
            let command = try kiln.invocation(arguments)
            let log = sandbox.path.appending("debug.log")
            async let ended = ToolRunner().runUnchecked(
                ToolInvocation(
                    "sh",
                    ["-c", "echo $$ > \(log); exec \"$@\"", "sh", command.executable] + arguments,
                    environment: command.environment,
                    workingDirectory: command.workingDirectory
                )
            )
            try await eventually("tools run") { try !sleepers().isEmpty }
            #expect(try await kiln.succeed("drift", "web").code == 0, "they are known")
            #expect(try await kiln.succeed("status", "web").output.contains("debugged by"))
            let pid = try #require(Int32(try Files.readText(log).filter(\.isNumber)))
            kill(pid, SIGKILL)
            _ = try await ended
            try await eventually("no tools run") { try sleepers().isEmpty }
            if !isServed { try await kiln.succeed("scale", "web", "3") }
            try await eventually("the instance is gone") {
                try await !kiln.succeed("status", "web").output.contains(id)
            }
            let events = try await kiln.succeed("events", "web").output
            #expect(events.contains("when their command died; it is destroyed"), "\(events)")
        }
    }

    @Test func `keeps what it is told to keep until its time, under a freeze too`() async throws {
        try await withApp(port: 8643) { app, _ in
            let kiln = app.kiln
            try await kiln.succeed("freeze", "web", "--why", "an incident")
            let id = try await instance(kiln)
            let arguments = ["debug", id, "--why", "later", "--keep", "--for", "10s"]
            let first = try await run(kiln, arguments + ["--", "/bin/busybox", "true"])
            #expect(first.messages.contains("is kept until"), "\(first.messages)")
            try await kiln.succeed("cp", "\(id):/www", app.kiln.project.appending("copy").string)
            try await eventually("its time is up") {
                // Whoever comes does it.
                try await kiln.succeed("freeze", "web", "--why", "still")
                return try await !kiln.succeed("status", "web").output.contains(id)
            }
            try await kiln.succeed("resume", "web")
        }
    }

    @Test func `refuses what it cannot do, and does nothing`() async throws {
        try await withApp(port: 8644) { app, _ in
            let kiln = app.kiln
            let id = try await instance(kiln)
            let cases: [(arguments: [String], status: Int32, words: String)] = [
                (["web-1-none", "--why", "x"], 2, "there is no instance web-1-none"), ([id], 2, "--why"),
                ([id, "--why", " "], 2, "--why takes the reason"),
                ([id, "--why", "x", "--for", "25h"], 2, "from 10s to 24h"),
                ([id, "--why", "x", "--tools", "none"], 2, "there is no image \"none\""),
                ([id, "--why", "x", "--", "gdb"], 1, "image web has no program gdb"),
            ]
            for (arguments, status, words) in cases {
                let refused = try await run(kiln, ["debug"] + arguments)
                #expect(refused.code == status, "\(arguments): \(refused.messages)")
                #expect(refused.messages.contains(words), "\(arguments): \(refused.messages)")
            }
            let status = try await kiln.succeed("status", "web").output
            #expect(status.contains("3 of 3 instances serve") && !status.contains("condemned"))
        }
    }

    private func run(_ kiln: KilnProcess, _ arguments: [String]) async throws -> KilnProcess.Result {
        let output = try await ToolRunner().runUnchecked(kiln.invocation(arguments))
        return KilnProcess.Result(status: output.status, output: output.text, messages: output.errorText)
    }

    /// A fleet that serves, alone or kept by a `kiln serve`.
    private func withApp(
        port: Int,
        _ isServed: Bool = false,
        _ body: (WebApp, Sandbox) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit { try await app.kiln.succeed("destroy", "web", "--volumes") }
            try await app.kiln.succeed("deploy", "web")
            guard isServed else { return try await body(app, sandbox) }
            try await Serving.with(app.kiln) { _ in try await body(app, sandbox) }
        }
    }

    private func instance(_ kiln: KilnProcess) async throws -> String {
        let status = try await kiln.succeed("status", "web").output
        return String(try #require(status.firstMatch(of: /web-1-[a-z0-9]{4}/)).output)
    }

    private func sleepers() throws -> [Int32] {
        try Files.list("/proc").compactMap { Int32($0) }.filter { pid in
            let text = (try? Files.readText(FilePath("/proc/\(pid)/cmdline"))) ?? ""
            return text.hasPrefix("/bin/busybox\u{0}sleep\u{0}8642")
        }
    }
}
