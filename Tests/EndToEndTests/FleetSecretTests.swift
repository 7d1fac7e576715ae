import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A fleet's secrets` {
    private static let value = "hunter2-is-no-password"
    private static let rotated = "correct-horse-battery-staple"

    @Test func `are read when an instance starts, rotated by recycling, and kept by nothing`() async throws {
        try await withApp(port: 8591) { app, sandbox in
            let kiln = app.kiln
            let keys = try sandbox.write(Self.value, to: "keys/db")
            try write(app, keys)
            let deploy = try await kiln.succeed("deploy", "web")
            #expect(try await app.get("/db-password") == Self.value)
            let release = try await kiln.succeed("releases", "web", "--format", "json").output

            try Files.write(Self.rotated, to: keys, mode: 0o600)
            #expect(try await app.get("/db-password") == Self.value, "what runs is never changed")
            let recycle = try await kiln.succeed("recycle", "web")
            #expect(try await app.get("/db-password") == Self.rotated)
            #expect(
                try await kiln.succeed("releases", "web", "--format", "json").output == release,
                "no new release"
            )
            #expect(try await kiln.succeed("drift", "web").code == 0)

            var said = deploy.messages + recycle.messages
            for command in [["status"], ["events"], ["logs", "web"], ["releases", "web"], ["plan"]] {
                said += try await ToolRunner().runUnchecked(kiln.invocation(command + ["--format", "json"]))
                    .text
            }
            for value in [Self.value, Self.rotated] {
                #expect(!said.contains(value))
                let found = try await ToolRunner().runUnchecked(
                    ToolInvocation("grep", ["-rlaF", value, kiln.home.root.string, kiln.project.string])
                )
                #expect(found.text.isEmpty, "\(found.text)")
            }
        }
    }

    @Test func `that are missing are told before anything is done`() async throws {
        try await withApp(port: 8592) { app, sandbox in
            let keys = try sandbox.write(Self.value, to: "keys/db")
            try write(app, sandbox.path.appending("keys").appending("none"))
            let missing = try await app.kiln.run("deploy", "web")
            #expect(missing.code == 2)
            #expect(missing.messages.contains("there is no file"), "\(missing.messages)")
            #expect(try await app.kiln.run("status", "web").code == 2, "no fleet was made")
            try write(app, keys)
            try await app.kiln.succeed("deploy", "web")
            try Files.remove(keys)
            let recycle = try await app.kiln.run("recycle", "web")
            #expect(recycle.code == 2 && recycle.messages.contains("db-password"), "\(recycle.messages)")
            #expect(try await app.get("/db-password") == Self.value)
        }
    }

    /// The application shows its secrets to whoever asks.
    private func write(_ app: WebApp, _ file: FilePath) throws {
        try app.kiln.write(
            """
            kiln: 1
            images:
              root: {from: tar:root.tar}
              web:
                from: image:root
                users: [{name: web, uid: 10001}]
                entrypoint: [/bin/busybox, httpd, -f, -v, -p, "8080", -h, /run/secrets]
                user: web
                ports: {http: 8080}
                health: {tcp: {port: http}, interval: 100ms, timeout: 1s, healthy: 2, unhealthy: 3}
                stop: {signal: TERM, grace: 300ms}
            fleets:
              web:
                image: web
                instances: 2
                listen: 127.0.0.1:\(app.port)
                secrets: [{name: db-password, from: "file:\(file)"}]
                resources: {memory: 64MiB, cpu: 1, pids: 64}
                rollout: {\(WebApp.quick)}

            """,
            to: "kiln.yaml"
        )
    }

    private func withApp(port: Int, _ body: (WebApp, Sandbox) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try write(app, "/nowhere/key")
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "--all", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await body(app, sandbox)
        }
    }
}
