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

    /// Each by itself: `before` stands in front of the command, `home` is another place for all that Kiln keeps.
    struct Hostility: CustomTestStringConvertible {
        let testDescription: String
        var before: [String] = []
        var variables: [String: String] = [:]
        var home: FilePath?
        /// Copies the project with another order of names, other modes and times.
        var copy =
            "for name in $(ls -r); do cp -r \"$name\" \"$2/\"; done; find \"$2\" -exec touch -h -d @1 {} +"
        var tool: String?
    }

    /// Files keep their times, and waiting takes as long as it takes.
    static let clock = ["NO_FAKE_STAT": "1", "DONT_FAKE_MONOTONIC": "1"]
    static let hostilities = [
        Hostility(testDescription: "a home in memory", home: "/dev/shm"),
        Hostility(
            testDescription: "one core",
            before: ["taskset", "--cpu-list", "0"],
            tool: "/usr/bin/taskset"
        ),
        Hostility(
            testDescription: "a clock a year ahead",
            before: ["faketime", "-m", "-f", "+365d"],
            variables: clock,
            tool: "/usr/bin/faketime"
        ),
        Hostility(
            testDescription: "a clock before all packages",
            before: ["faketime", "-m", "-f", "-20000d"],
            variables: clock,
            tool: "/usr/bin/faketime"
        ),
        Hostility(
            testDescription: "a locale with other letters, another zone and no home",
            variables: [
                "LC_ALL": "tr_TR.UTF-8", "LANG": "C", "TZ": "America/St_Johns", "HOME": "/nonexistent",
                "TMPDIR": "/var/tmp", "SOURCE_DATE_EPOCH": "12345", "COLUMNS": "20",
            ]
        ),
        Hostility(
            testDescription: "low limits",
            before: ["bash", "-c", "ulimit -n 256; exec \"$0\" \"$@\""]
        ),
    ]

    @Test(arguments: hostilities.filter { $0.tool.map { Files.exists(FilePath($0)) } ?? true })
    func `give the same digests under`(_ hostility: Hostility) async throws {
        try await Sandbox.with { sandbox in
            let first = try await Self.stepped(KilnProcess(sandbox, project: "one/project", home: "one/home"))
            let expected = try await first.succeed("bake").output
            var second = try KilnProcess(sandbox, project: "two/é deeper", home: "two/home")
            if let parent = hostility.home {
                let home = parent.appending("kiln-\(sandbox.path.lastComponent?.string ?? "home")")
                second = try KilnProcess(sandbox, project: "two/é deeper", homePath: home)
                sandbox.onExit { try Files.remove(home) }
            }
            try await copyProject(from: first, to: second, by: hostility.copy)
            second.environment = hostility.variables
            var invocation = try second.invocation(["bake"])
            let command = hostility.before + [invocation.executable] + invocation.arguments
            invocation.executable = command[0]
            invocation.arguments = Array(command.dropFirst())
            #expect(try await ToolRunner().run(invocation).text == expected)
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/setpriv"), "needs setpriv"))
    func `give the same digests to an ordinary user`() async throws {
        try await Sandbox.with { sandbox in
            let first = try await WebApp(
                KilnProcess(sandbox, project: "one/project", home: "one/home"),
                port: 8495
            ).kiln
            try await first.succeed("lock")
            let expected = try await first.succeed("bake").output
            let second = try KilnProcess(sandbox, project: "two/project", home: "two/home")
            try await copyProject(from: first, to: second, by: "umask 022; cp -r . \"$2\"")
            try await ToolRunner().run(
                ToolInvocation(
                    "sh",
                    ["-c", "chmod 755 \(sandbox.path); chown -R 65534:65534 \(sandbox.path)/two"]
                )
            )
            var invocation = try second.invocation(["bake"])
            invocation.arguments =
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", invocation.executable]
                + invocation.arguments
            invocation.executable = "setpriv"
            #expect(try await ToolRunner().run(invocation).text == expected)
            #expect(Files.facts(second.home.images)?.userID == 65534)
        }
    }

    /// The web application with a step, which a clock, an order or a core may show in.
    private static func stepped(_ kiln: KilnProcess) async throws -> KilnProcess {
        let kiln = try await WebApp(kiln, port: 8496).kiln
        let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
        let steps = "    steps: [{run: step.sh, inputs: [many]}]\n    entrypoint:"
        try kiln.write(definition.replacing("    entrypoint:", with: steps), to: "kiln.yaml")
        try kiln.write(
            "/bin/busybox cp -r /kiln/inputs/many /etc/many; /bin/busybox touch /etc/new; /bin/busybox mkdir /var\n",
            to: "step.sh"
        )
        for number in 1...40 { try kiln.write("\(number)\n", to: "many/file-\(number)") }
        try await kiln.succeed("lock")
        return kiln
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

    private func copyProject(
        from first: KilnProcess,
        to second: KilnProcess,
        by copy: String = "umask 077; for name in $(ls -r); do cp -r \"$name\" \"$2/\"; done"
    ) async throws {
        let script = "cd \"$1\"; " + copy
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
