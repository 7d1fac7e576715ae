import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Drift of a writable root` {
    @Test func `is answered within moments by kiln serve, with evidence of who did it`() async throws {
        try await withApp(port: 8651, keys: "writable_root: true") { app in
            try await Serving.with(app.kiln) { _ in
                let victim = try #require(try await app.kiln.status().instances.first)
                try await deface(app, victim.id)
                try await eventually(within: 15, "it is replaced") {
                    let now = try await app.kiln.status().instances
                    return now.count { $0.isServing } == 3 && !now.contains { $0.id == victim.id }
                }
                let events = try await app.kiln.succeed("events", "web").output
                #expect(events.contains("is to be replaced: file-changed: /www/index.html"), "\(events)")
                let shown = try await app.kiln.succeed("evidence", "show", victim.id).output
                #expect(shown.contains("-version 1\n+defaced\n"), "\(shown)")
                #expect(shown.contains("by sh (pid "), "\(shown)")
                #expect(try await app.kiln.succeed("evidence", "list", "web").output.contains(victim.id))
                let archive = app.kiln.project.appending("evidence.tar")
                try await app.kiln.succeed("evidence", "export", victim.id, archive.string)
                let names = try await ToolRunner().run(ToolInvocation("tar", ["-tf", archive.string])).text
                #expect(names.contains("\(victim.id)/changes.tar"))
                let unknown = try await app.kiln.run("evidence", "show", "web-1-none")
                #expect(
                    unknown.code == 2 && unknown.messages.contains("no evidence of an instance web-1-none")
                )
                #expect(try await app.kiln.run("drift", "web").code == 0)
            }
        }
    }

    @Test func `is kept in quarantine, and destroyed when its time is over`() async throws {
        try await withApp(port: 8652, keys: "writable_root: true") { app in
            let victim = try #require(try await app.kiln.status().instances.first)
            try await deface(app, victim.id)
            #expect(try await app.kiln.run("drift", "web", "--quarantine", "1h").code == 4)
            let pid = try #require(victim.pid)
            let groups = try Files.readText(FilePath("/proc/\(pid)/cgroup"))
            #expect(groups.contains(victim.id), "it is still there: \(groups)")
            let status = try await app.kiln.succeed("status", "web").output
            #expect(status.contains(victim.id) && status.contains("quarantine"), "\(status)")
            #expect(
                status.split(separator: "\n").contains { $0.contains(victim.id) && $0.contains(" none ") },
                "\(status)"
            )
            let events = try await app.kiln.succeed("events", "web").output
            #expect(events.contains("\(victim.id) is in quarantine: cut off from the network and frozen"))
            let answer = try await app.get()
            #expect(answer == "version 1\n", "\(status)")
            #expect(try await app.kiln.run("drift", "web").code == 0, "what is kept is no news")
            #expect(try await app.kiln.run("drift", "web", "--quarantine", "99w").code == 2)
        }
    }

    @Test func `is learned, and written down as what may differ`() async throws {
        let learning = "writable_root: true\n    drift: {learn_until: \"2099-12-31\"}"
        try await withApp(port: 8653, keys: learning) { app in
            let victim = try #require(try await app.kiln.status().instances.first)
            try await deface(app, victim.id)
            let quiet = try await app.kiln.run("drift", "web")
            #expect(quiet.code == 0 && quiet.messages.contains("let pass (--all shows them)"))
            #expect(try await app.kiln.run("drift", "web", "--all").output.contains("file-changed (learned)"))
            let learned = try await app.kiln.succeed("drift", "web", "--learned").output
            #expect(learned.contains("- {path: /www/index.html, reason: learned, expires: "), "\(learned)")
        }
    }

    @Test func `is written down for no file but those that were seen, and shown as text alone`() async throws
    {
        let learning = "writable_root: true\n    drift: {learn_until: \"2099-12-31\"}"
        try await withApp(port: 8654, keys: learning) { app in
            let victim = try #require(try await app.kiln.status().instances.first)
            let root = app.kiln.home.runtime.pushing(FilePath("instances/\(victim.id)/root"))
            let script = """
                cd \(root)/etc; touch '*'; mkdir 'any*'; touch 'any*/below' "$(printf 'a\\nb')" 'say "?"'
                printf 'de\\033[31mfaced\\n' > ../www/index.html
                """
            try await ToolRunner().run(ToolInvocation("sh", ["-ec", script]))
            let result = try await app.kiln.succeed("drift", "web", "--learned")
            #expect(result.output.contains(#"{path: "/etc/say \"?\"", reason: learned"#), "\(result.output)")
            #expect(!result.output.contains("*") && !result.output.contains("a\nb"), "\(result.output)")
            for name in ["/etc/*", "/etc/any*", "/etc/any*/below", #"/etc/a\u{A}b"#] {
                #expect(result.messages.contains("\(name) is left out"), "\(result.messages)")
            }
            let all = try await app.kiln.succeed("drift", "web", "--all").output
            #expect(all.contains(#"+de\u{1B}[31mfaced"#) && !all.contains("\u{1B}"), "\(all)")
        }
    }

    /// The host's root writes into the instance's root.
    private func deface(_ app: WebApp, _ instance: String) async throws {
        let page = app.kiln.home.runtime.pushing(FilePath("instances/\(instance)/root/www/index.html"))
        try await ToolRunner().run(ToolInvocation("sh", ["-c", "echo defaced > \(page); sleep 0.2"]))
    }

    private func withApp(port: Int, keys: String, _ body: (WebApp) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try app.release("1", keys: keys)
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "web", "--volumes")
                try await app.expectNothingBeyond(instances: 0)
            }
            try await app.kiln.succeed("deploy", "web")
            try await body(app)
        }
    }
}
