import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A revoked image` {
    @Test func `is marked with what stands on it, and a bake that leaves it as it is warns`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(
                """
                kiln: 1
                images:
                  base: {from: scratch, files: [{source: base.txt, target: /base}]}
                  app: {from: image:base, files: [{source: app.txt, target: /app}]}
                  other: {from: scratch, files: [{source: app.txt, target: /app}]}

                """,
                to: "kiln.yaml"
            )
            try kiln.write("1\n", to: "base.txt")
            try kiln.write("1\n", to: "app.txt")
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let revoked = try await kiln.succeed("image", "revoke", "base", "--why", "it leaks")
            #expect(revoked.messages.contains("is revoked: it leaks"))
            #expect(revoked.messages.contains("so is what stands on it: app\n"))
            let list = try await kiln.succeed("image", "list").output
            let states = list.split(separator: "\n").dropFirst().map { $0.split(separator: "Z  ").last ?? "" }
            #expect(states == ["revoked parent", "revoked", "-"])
            let warned = try await kiln.succeed("bake")
            #expect(warned.messages.contains("warning") && warned.messages.contains("it leaks"))
            #expect(try await kiln.succeed("image", "show", "app").output.contains("it leaks"))
            #expect(try await kiln.succeed("image", "history", "app").output.contains("current, revoked"))

            try kiln.write("2\n", to: "base.txt")
            let mended = try await kiln.succeed("bake", "base")
            #expect(!mended.messages.contains("warning"))
            let history = try await kiln.succeed("image", "history", "app").output
            #expect(history.contains("outdated: now") && history.contains("it leaks"))
            #expect(try await !kiln.succeed("bake").messages.contains("warning"))
            #expect(try await !kiln.succeed("image", "list").output.contains("revoked"))

            // Nothing that comes from elsewhere speaks to the terminal.
            try await kiln.succeed("image", "revoke", "base", "--why", "red \u{1B}[31m\nand on")
            for command in [["image", "show", "base"], ["image", "history", "base"]] {
                let shown = try await ToolRunner().run(kiln.invocation(command)).text
                #expect(shown.contains(#"red \u{1B}[31m\u{A}and on"#) && !shown.contains("\u{1B}"))
            }
            #expect(try await kiln.run("image", "revoke", "app", "--undo", "--why", "x").code == 2)
            #expect(try await kiln.run("image", "revoke", "app", "--why", " ").code == 2)
        }
    }

    @Test(.enabled(if: WebApp.isPossible, "needs busybox-static"))
    func `makes no new release, and stops nothing that was admitted`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8541)
            let kiln = app.kiln
            sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            try await kiln.succeed("image", "revoke", "root", "--why", "CVE-2026-0001")
            // A first deploy that is refused leaves no fleet behind.
            let first = try await kiln.run("deploy", "web")
            #expect(first.code == 3, "\(first.messages)")
            #expect(first.messages.contains("CVE-2026-0001") && first.messages.contains("root"))
            #expect(try await kiln.succeed("status").output.isEmpty)

            try await kiln.succeed("image", "revoke", "root", "--undo", "--why", "not reachable")
            try await kiln.succeed("deploy", "web")
            try app.release("2")
            try await kiln.succeed("bake")
            try await kiln.succeed("deploy", "web")
            try await kiln.succeed("image", "revoke", "root", "--why", "reachable after all")
            try app.release("3")
            try await kiln.succeed("bake")
            let refused = try await kiln.run("deploy", "web")
            #expect(refused.code == 3, "\(refused.messages)")
            #expect(try await app.get() == "version 2\n")

            // What was admitted may be scaled, healed and rolled back to, with a word about it.
            try app.release("2", instances: 2)
            try await kiln.succeed("bake")
            let policy = try await kiln.succeed("deploy", "web")
            #expect(policy.messages.contains("release 2 of web runs an image on root"), "\(policy.messages)")
            let back = try await kiln.succeed("rollback", "web")
            #expect(back.messages.contains("warning") && back.messages.contains("reachable after all"))
            #expect(try await app.get() == "version 1\n")
            #expect(try await kiln.succeed("status", "web").messages.contains("reachable after all"))
        }
    }
}
