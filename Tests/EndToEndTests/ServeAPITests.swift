import FoundationEssentials
import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A command that kiln serve works for` {
    /// Each command once without a server and once with one, in homes of their own.
    @Test func `says the same and ends the same as without it`() async throws {
        var said: [[String]] = []
        for (name, port) in [("alone", 8611), ("served", 8612)] {
            try await withApp(port: port) { app in
                if name == "alone" {
                    said.append(try await session(app))
                } else {
                    try await Serving.with(app.kiln) { _ in said.append(try await session(app)) }
                }
            }
        }
        #expect(said[0] == said[1])
        #expect(said[0].contains { $0.contains("status 5") })
    }

    @Test(arguments: ["KILL", "HUP"])
    func `may die or lose its terminal: what it asked for goes on`(signal: String) async throws {
        try await withApp(port: 8613) { app in
            try await Serving.with(app.kiln) { _ in
                try await app.kiln.succeed("deploy", "web")
                try await release("2", app)
                let deploy = try await app.interruptDeploy(by: signal)
                #expect(deploy.code == (signal == "HUP" ? 130 : 137), "\(deploy.messages)")
                try await eventually("release 2 is stable") {
                    try await app.kiln.succeed("status", "web").output.contains("release 2 is stable, 3 of 3")
                }
            }
            let events = try await app.kiln.succeed("events", "web").output
            #expect(!events.contains("the rollout goes on") && !events.contains("paused"), "\(events)")
        }
    }

    @Test func `is ended well by Ctrl-C, and by a word from another terminal`() async throws {
        try await withApp(port: 8614) { app in
            try await Serving.with(app.kiln) { _ in
                try await app.kiln.succeed("deploy", "web")
                try await release("2", app)
                let interrupted = try await app.interruptDeploy()
                #expect(interrupted.code == 130, "\(interrupted.messages)")
                #expect(interrupted.messages.contains("is paused; what runs goes on serving"))
                #expect(try await app.kiln.succeed("status", "web").output.contains("(paused)"))

                try await release("3", app)
                async let deploy = app.kiln.run("deploy", "web")
                try await eventually("the rollout is under way") {
                    try await app.kiln.succeed("events", "web").output.contains("instance web-3-")
                }
                let began = BootInstant.now
                let abort = try await app.kiln.run("abort", "web")
                #expect(abort.code == 5, "\(abort.messages)")
                #expect(abort.messages.contains("waiting for process"))
                #expect(began.duration(to: .now) < .seconds(8))
                #expect(try await deploy.code != 0)
                #expect(try await app.get() == "version 1\n")
            }
        }
    }

    @Test func `waits for another one on the same fleet, and says for whom`() async throws {
        try await withApp(port: 8615) { app in
            try await Serving.with(app.kiln) { serving in
                try await app.kiln.succeed("deploy", "web")
                try await release("2", app)
                async let deploy = app.kiln.run("deploy", "web")
                try await eventually("the rollout is under way") {
                    try await app.kiln.succeed("events", "web").output.contains("instance web-2-")
                }
                let scale = try await app.kiln.succeed("scale", "web", "2")
                #expect(
                    scale.messages.contains(
                        "waiting for process \(serving.process), which changes fleet web\ncause: deploy, since"
                    )
                )
                #expect(try await deploy.code == 0)
                #expect(try await app.kiln.status().instances.count == 2)
            }
        }
    }

    /// What a few commands say and end with, without what differs from run to run.
    private func session(_ app: WebApp) async throws -> [String] {
        var said: [String] = []
        func note(_ arguments: String...) async throws {
            let result = try await ToolRunner().runUnchecked(app.kiln.invocation(arguments))
            said.append("$ \(arguments.joined(separator: " ")): status \(result.status)")
            said += try [result.text, result.errorText].map(plain)
        }
        try await note("rollback", "web")
        try await note("deploy", "web")
        try await note("deploy", "web")
        try await note("scale", "web", "2", "--format", "json")
        try app.release("2", breaks: true, instances: 2)
        try await app.kiln.succeed("bake")
        try await note("deploy", "web")
        try await note("deploy", "web")
        try await note("pause", "web")
        return said
    }

    /// Instances have no names, moments no length, and each line is told once: health comes in any order.
    private func plain(_ text: String) throws -> String {
        let plain = text.replacing(try Regex("web-([0-9]+)-[a-z0-9]{4}"), with: "web-N-x")
            .replacing(try Regex("/tmp/kiln-test-[A-Za-z0-9]+"), with: "SANDBOX")
            .replacing(try Regex("\\([0-9a-f]{12}\\)"), with: "(DIGEST)")
            .replacing(try Regex("[0-9-]{10}T[0-9:]{8}Z"), with: "TIME")
            .replacing(try Regex("\\[::ffff:[0-9.]+\\]:[0-9]+"), with: "CLIENT")
            .replacing(try Regex("[0-9.]+ ?m?s\\b"), with: "T")
            .replacing(try Regex("[0-9.]+:[0-9]{4,5}"), with: "ADDRESS")
        return Set(plain.split(separator: "\n")).sorted().joined(separator: "\n")
    }

    private func release(_ version: String, _ app: WebApp) async throws {
        try app.release(version)
        try await app.kiln.succeed("bake")
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
