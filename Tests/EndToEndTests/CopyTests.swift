import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `kiln cp` {
    @Test func `copies out of what runs, and never into it`() async throws {
        try await withApp(port: 8631) { app, sandbox in
            let kiln = app.kiln
            try await kiln.succeed("deploy", "web")
            let status = try await kiln.succeed("status", "web").output
            let name = try #require(status.firstMatch(of: /web-1-[a-z0-9]{4}/)).output
            let out = sandbox.path.appending("out")
            try Files.createDirectory(out)

            let copied = try await kiln.succeed("cp", "web/\(name):/bin", out.string)
            #expect(copied.output.isEmpty && copied.messages.isEmpty, "\(copied.messages)")
            #expect(Files.exists(out.appending("bin").appending("busybox")))
            let again = try await kiln.run("cp", "\(name):/bin", out.string)
            #expect(again.code == 2 && again.messages.contains("is there already"), "\(again.messages)")
            try await kiln.succeed("cp", "\(name):/bin/busybox", out.appending("tool").string)
            try await kiln.succeed("cp", "\(name):/bin/busybox", out.appending("tool").string)
            #expect(try Files.list(out) == ["bin", "tool"], "a file takes a file's place")

            let into = try await kiln.run("cp", out.appending("tool").string, "\(name):/bin/tool")
            #expect(into.code == 2 && into.messages.contains("nothing is copied into"), "\(into.messages)")
            let unknown = try await kiln.run("cp", "web-9:/bin", out.string)
            #expect(
                unknown.code == 2 && unknown.messages.contains("no instance web-9"),
                "\(unknown.messages)"
            )
            let ambiguous = try await kiln.run("cp", "web-1:/bin", out.string)
            #expect(ambiguous.code == 2 && ambiguous.messages.contains("3 instances begin with web-1"))
            let missing = try await kiln.run("cp", "\(name):/none", out.string)
            #expect(
                missing.code == 1 && missing.messages.contains("cannot find /none"),
                "\(missing.messages)"
            )
            let homeless = try await kiln.run("cp", "\(name):/bin", "/dev/full/x")
            #expect(
                homeless.code == 2 && homeless.messages.contains("there is no folder"),
                "\(homeless.messages)"
            )
            let kernel = try await kiln.run("cp", "\(name):/proc", out.string)
            #expect(kernel.code == 1 && kernel.messages.contains("made by the kernel"), "\(kernel.messages)")
            let taken = try await kiln.run("cp", "\(name):/proc", out.appending("tool").string)
            #expect(
                taken.code == 1 && taken.messages.contains("nothing of /proc was copied"),
                "what was there before is no copy: \(taken.messages)"
            )
            #expect(try Files.list(out) == ["bin", "tool"], "nothing half-written stays")
            #expect(try await kiln.succeed("drift", "web").code == 0)
        }
    }

    private func withApp(port: Int, _ body: (WebApp, Sandbox) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: port)
            try await app.kiln.succeed("lock")
            try await app.kiln.succeed("bake")
            sandbox.onExit {
                try await app.kiln.succeed("destroy", "web", "--volumes")
            }
            try await body(app, sandbox)
        }
    }
}
