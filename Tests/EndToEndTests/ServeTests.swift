import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A controller on this machine` {
    @Test func `brings back a killed instance, balancer and supervisor, and ends without ending what runs`()
        async throws
    {
        try await withApp(port: 8601) { app in
            try await app.kiln.succeed("deploy", "web")
            try await Serving.with(app.kiln) { serving in
                let second = try await app.kiln.run("serve")
                #expect(second.code == 1)
                #expect(
                    second.messages.contains(
                        "process \(serving.process) keeps the fleets of this home already"
                    )
                )

                // A catalog is not replaced below the one who works by it.
                let backup = app.kiln.project.appending("kiln.backup").string
                try await app.kiln.succeed("backup", backup)
                let restore = try await app.kiln.run("restore", backup)
                #expect(restore.code == 1)
                #expect(
                    restore.messages.contains("process \(serving.process) keeps the fleets of this home")
                )
                #expect(restore.messages.contains("end kiln serve first"))

                let first = try await app.kiln.status()
                let victim = try #require(first.instances.first)
                kill(try #require(victim.pid), SIGKILL)
                try await expectServing(app, without: victim.id)

                let runtime = app.kiln.home.runtime
                let balancer = try processNumber(runtime.pushing("haproxy/web.pid"))
                kill(balancer, SIGKILL)
                try await eventually(within: 10, "the balancer is back") {
                    // For a moment there is none.
                    let text = (try? Files.readText(runtime.pushing("haproxy/web.pid"))) ?? ""
                    let number = Int32(text.prefix { $0.isNumber })
                    return number != nil && number != balancer
                        ? (try? await app.get()) == "version 1\n" : false
                }

                let orphan = try #require(try await app.kiln.status().instances.first)
                kill(
                    try processNumber(runtime.pushing(FilePath("instances/\(orphan.id)/conmon.pid"))),
                    SIGKILL
                )
                try await expectServing(app, without: orphan.id)
                #expect(
                    try serving.messages.contains(
                        "instance \(orphan.id) is to be replaced: its supervisor is gone"
                    )
                )
                #expect(try serving.messages.contains("web: release 1: instance \(victim.id) failed: exited"))
            }
            #expect(try await app.get() == "version 1\n")
            try await app.expectNothingBeyond(instances: 3)
        }
    }

    @Test func `goes on with what a killed command and a killed controller left, and after a reboot`()
        async throws
    {
        try await withApp(port: 8602) { app in
            try await app.kiln.succeed("deploy", "web")
            try app.release("2")
            try await app.kiln.succeed("bake")
            try await app.killDeploy(afterMilliseconds: 900)
            try await Serving.with(app.kiln, endingBy: SIGKILL) { serving in
                try await eventually("the rollout goes on") { try serving.messages.contains("web-2-") }
            }
            try await Serving.with(app.kiln) { _ in
                try await eventually("release 2 serves") {
                    let instances = try await app.kiln.status().instances
                    return instances.count == 3
                        && instances.allSatisfy { $0.id.hasPrefix("web-2-") && $0.isServing }
                }
            }
            try await app.expectNothingBeyond(instances: 3)
            try await app.killEverything()
            try await Serving.with(app.kiln) { _ in
                try await eventually("the fleet is back") {
                    let instances = try await app.kiln.status().instances
                    return instances.count { $0.isServing } == 3
                }
                #expect(try await app.get() == "version 2\n")
            }
            try await app.expectNothingBeyond(instances: 3)
        }
    }

    @Test func `prints a unit that systemd takes`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let unit = try await kiln.succeed("serve", "--unit").output
            #expect(unit.contains("ExecStart=\(FilePath(try KilnProcess.executable).resolved) serve"))
            #expect(unit.contains("KILN_HOME=\(kiln.home.root)"))
            let watching = try await kiln.succeed(
                "serve",
                "--unit",
                "--check-archives",
                "360m",
                "--metrics",
                "127.0.0.1:9464"
            )
            #expect(watching.output.contains(" serve --metrics 127.0.0.1:9464 --check-archives 6h\n"))
            guard ExecutableSearch.find("systemd-analyze") != nil else { return }
            let file = sandbox.path.appending("kiln.service")
            try Files.write(unit, to: file)
            let verdict = try await ToolRunner().runUnchecked(
                ToolInvocation("systemd-analyze", ["verify", "--man=no", file.string])
            )
            #expect(verdict.status == .exited(0))
            #expect(!(verdict.text + verdict.errorText).contains("kiln.service"), "\(verdict.errorText)")
        }
    }

    private func expectServing(
        _ app: WebApp,
        without id: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually(
            within: 15,
            "another one serves instead of \(id)",
            sourceLocation: sourceLocation
        ) {
            let instances = try await app.kiln.status().instances
            return instances.count == 3 && instances.allSatisfy { $0.id != id && $0.isServing }
        }
    }

    private func processNumber(_ file: FilePath) throws -> Int32 {
        try #require(Int32(try Files.readText(file).prefix { $0.isNumber }))
    }

    private func withApp(port: Int, _ body: (WebApp) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "web", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await body(app)
        }
    }
}

/// `kiln serve` beside a test.
struct Serving {
    let process: Int32
    private let file: FilePath

    /// What it has said so far.
    var messages: String {
        get throws { try Files.readText(file) }
    }

    /// Runs the body once every fleet has been looked at, ends the controller by the signal, and expects the status that
    /// belongs to it.
    static func with(
        _ kiln: KilnProcess,
        _ options: [String] = [],
        endingBy signal: Int32 = SIGTERM,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Serving) async throws -> Void
    ) async throws {
        let (file, number) = (kiln.project.appending("served"), kiln.project.appending("serve.pid"))
        try Files.remove(number)
        let script = """
            \(try kiln.invocation(["serve"] + options).commandLine) >/dev/null 2>\(file) &
            echo $! >\(number).new && mv \(number).new \(number)
            wait $!
            """
        async let ended = ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-c", script], workingDirectory: kiln.project)
        )
        try await eventually("the controller starts") { Files.exists(number) }
        let serving = Serving(
            process: try #require(Int32(try Files.readText(number).prefix { $0.isNumber })),
            file: file
        )
        do {
            try await eventually("every fleet was looked at") {
                try serving.messages.contains("every fleet has been looked at")
            }
            try await body(serving)
        } catch {
            kill(serving.process, SIGKILL)
            _ = try? await ended
            Issue.record("\((try? serving.messages) ?? "")", sourceLocation: sourceLocation)
            throw error
        }
        kill(serving.process, signal)
        let status = try await ended.status
        let expected: ToolStatus = signal == SIGKILL ? .exited(128 + SIGKILL) : .exited(0)
        let said = try serving.messages
        #expect(status == expected, "\(said)", sourceLocation: sourceLocation)
    }
}
