import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `The same definition and lock` {
    @Test func `give the same digests in other folders, homes, umasks, time zones and locales`() async throws
    {
        try await Sandbox.with { sandbox in
            let first = try KilnProcess(sandbox, project: "one/project", home: "one/home")
            try await WebApp(first, port: 8491).kiln.succeed("lock")
            var second = try KilnProcess(sandbox, project: "two/elsewhere/deeper", home: "two/home")
            try await copyProject(from: first, to: second)
            second.environment = [
                "TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "HOME": "/nonexistent",
            ]

            let expected = try await first.succeed("bake").output
            let actual = try await underUmask77(second, "bake")
            #expect(expected.contains("sha256:"))
            #expect(actual == expected)
        }
    }

    @Test func `a second bake makes nothing and says so`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await WebApp(KilnProcess(sandbox), port: 8492).kiln
            try await kiln.succeed("lock")
            let first = try await kiln.succeed("bake")
            let second = try await kiln.succeed("bake")
            #expect(second.output == first.output)
            #expect(second.messages.contains("cached"))
        }
    }

    @Test func `a changed file moves only the image that holds it`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8493)
            try await app.kiln.succeed("lock")
            let before = lines(try await app.kiln.succeed("bake").output)
            try app.kiln.write("changed\n", to: "site/index.html")
            let after = lines(try await app.kiln.succeed("bake").output)
            #expect(before[0] == after[0])
            #expect(before[1] != after[1])
        }
    }

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map(String.init)
    }

    private func copyProject(from first: KilnProcess, to second: KilnProcess) async throws {
        let script = "umask 077; cd \"$1\"; for name in $(ls -r); do cp -r \"$name\" \"$2/\"; done"
        try await ToolRunner().run(
            ToolInvocation("sh", ["-c", script, "sh", first.project.string, second.project.string])
        )
    }

    private func underUmask77(_ kiln: KilnProcess, _ command: String) async throws -> String {
        var invocation = try kiln.invocation([command])
        invocation.arguments =
            ["-c", "umask 077; exec \"$0\" \"$@\"", invocation.executable] + invocation.arguments
        invocation.executable = "sh"
        return try await ToolRunner().run(invocation).text
    }
}
