import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Configuration from a store` {
    @Test func `is part of a release, which brings it back, and shows nowhere`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8597)
            let kiln = app.kiln
            try write(app)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            sandbox.onExit { try await kiln.succeed("destroy", "--all", "--volumes") }
            let empty = try await kiln.run("deploy", "web")
            #expect(empty.code == 2 && empty.messages.contains("kiln config set web"), "\(empty.messages)")

            try await set(kiln, "greeting", "hello-from-the-store")
            try await set(kiln, "page", "page-one\n")
            try await kiln.succeed("deploy", "web")
            #expect(try await app.get("/cgi-bin/env") == "hello-from-the-store\n")
            #expect(try await app.get("/page") == "page-one\n")
            #expect(try await kiln.succeed("deploy", "web").messages.contains("nothing to do"))

            try await set(kiln, "greeting", "another-greeting")
            #expect(try await kiln.run("plan").code == 6)
            try await kiln.succeed("deploy", "web")
            #expect(try await app.get("/cgi-bin/env") == "another-greeting\n")
            try await kiln.succeed("rollback", "web")
            #expect(try await app.get("/cgi-bin/env") == "hello-from-the-store\n")

            let releases = try await kiln.succeed("releases", "web").output
            #expect(releases.contains("release 1 is configured from store web at version 2"), "\(releases)")
            let history = try await kiln.succeed("config", "history", "web", "greeting").output
            #expect(history.split(separator: "\n").count == 3, "\(history)")
            #expect(try await kiln.succeed("config", "get", "web", "greeting").output == "another-greeting\n")
            #expect(
                try await kiln.succeed("config", "get", "web", "greeting", "--version", "1").output
                    == "hello-from-the-store\n"
            )
            var said = history + releases
            for words in [["status"], ["events"], ["logs", "web"], ["plan"], ["config", "list"]] {
                said += try await ToolRunner().runUnchecked(kiln.invocation(words + ["--format", "json"]))
                    .text
            }
            #expect(!said.contains("hello-from-the-store") && !said.contains("another-greeting"))
            let backup = try await kiln.succeed("backup", sandbox.path.appending("b").string)
            #expect(backup.messages.contains("its key is not"))
        }
    }

    private func set(_ kiln: KilnProcess, _ key: String, _ value: String) async throws {
        try kiln.write(value, to: "value")
        try await kiln.succeed("config", "set", "web", key, "--from-file", "value")
        try Files.remove(kiln.project.appending("value"))
    }

    private func write(_ app: WebApp) throws {
        try app.release("1", instances: 1)
        try app.kiln.write(
            "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'; echo $GREETING\n",
            to: "site/cgi-bin/env",
            mode: 0o755
        )
        let text = try Files.readText(app.kiln.project.appending("kiln.yaml"))
        let config = """
                image: web
                config: {from: [{store: web}, {store: web, key: page, target: /www/page}]}

            """
        try app.kiln.write(text.replacing("    image: web\n", with: config), to: "kiln.yaml")
    }
}
