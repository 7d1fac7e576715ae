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
            try write(app, from: "file:\(keys)")
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

    @Test func `come from the encrypted store too, and show nowhere but with --reveal`() async throws {
        try await withApp(port: 8593) { app, sandbox in
            let kiln = app.kiln
            try write(app, from: "config:web/keys/db-password")
            let missing = try await kiln.run("deploy", "web")
            #expect(missing.code == 2)
            #expect(missing.messages.contains("kiln config set --secret web/keys db-password"))
            #expect(try await kiln.run("status", "web").code == 2, "no fleet was made")
            var said = try await set(kiln, "plain-words", secret: false)
            let plain = try await kiln.run("deploy", "web")
            #expect(plain.code == 2 && plain.messages.contains("is plain configuration"))
            said += try await set(kiln, Self.value, secret: true)
            said += try await kiln.succeed("deploy", "web").messages
            #expect(try await app.get("/db-password") == Self.value)

            said += try await set(kiln, Self.rotated, secret: false)
            #expect(try await app.get("/db-password") == Self.value, "what runs is never changed")
            #expect(try await kiln.succeed("plan").code == 0, "no new release")
            said += try await kiln.succeed("recycle", "web").messages
            #expect(try await app.get("/db-password") == Self.rotated)
            let hidden = try await kiln.run("config", "get", "web/keys", "db-password")
            #expect(hidden.code == 2 && hidden.messages.contains("--reveal"))
            said += hidden.output + hidden.messages
            let shown = try await kiln.succeed("config", "get", "--reveal", "web/keys", "db-password")
            #expect(shown.output == Self.rotated + "\n")
            for words in [
                ["status"], ["events"], ["logs", "web"], ["releases", "web"], ["plan"], ["config", "list"],
                ["config", "history", "web/keys"],
            ] {
                said += try await ToolRunner().runUnchecked(kiln.invocation(words + ["--format", "json"]))
                    .text
            }
            let backup = sandbox.path.appending("b")
            try await kiln.succeed("backup", backup.string)
            for value in [Self.value, Self.rotated] {
                #expect(!said.contains(value))
                let found = try await ToolRunner().runUnchecked(
                    ToolInvocation("grep", ["-rlaF", value, kiln.home.root.string, backup.string])
                )
                #expect(found.text.isEmpty, "\(found.text)")
            }
        }
    }

    private func set(_ kiln: KilnProcess, _ value: String, secret: Bool) async throws -> String {
        try kiln.write(value, to: "value")
        let words = ["config", "set"] + (secret ? ["--secret"] : []) + ["web/keys", "db-password"]
        let answer = try await ToolRunner().run(kiln.invocation(words + ["--from-file", "value"]))
        try Files.remove(kiln.project.appending("value"))
        return answer.text + answer.errorText
    }

    @Test func `that are missing are told before anything is done`() async throws {
        try await withApp(port: 8592) { app, sandbox in
            let keys = try sandbox.write(Self.value, to: "keys/db")
            try write(app, from: "file:\(sandbox.path.appending("keys").appending("none"))")
            let missing = try await app.kiln.run("deploy", "web")
            #expect(missing.code == 2)
            #expect(missing.messages.contains("there is no file"), "\(missing.messages)")
            #expect(try await app.kiln.run("status", "web").code == 2, "no fleet was made")
            try write(app, from: "file:\(keys)")
            try await app.kiln.succeed("deploy", "web")
            try Files.remove(keys)
            let recycle = try await app.kiln.run("recycle", "web")
            #expect(recycle.code == 2 && recycle.messages.contains("db-password"), "\(recycle.messages)")
            #expect(try await app.get("/db-password") == Self.value)
        }
    }

    /// The application shows its secrets to whoever asks.
    private func write(_ app: WebApp, from source: String) throws {
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
                secrets: [{name: db-password, from: "\(source)"}]
                resources: {memory: 64MiB, cpu: 1, pids: 64}
                rollout: {\(WebApp.quick)}

            """,
            to: "kiln.yaml"
        )
    }

    private func withApp(port: Int, _ body: (WebApp, Sandbox) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try write(app, from: "file:/nowhere/key")
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
