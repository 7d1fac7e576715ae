import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static")) struct `The checks of an image` {
    @Test func `are asked of a started instance, of which nothing stays`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8561)
            let kiln = app.kiln
            try Self.add(
                """
                [{http: {path: /, contains: version 1}}, {tcp: {port: http}}, {run: [/bin/busybox, id], contains: "10001"},
                      {run: [/bin/busybox, "false"], status: 1}, {file: {path: /www/index.html, mode: "0644"}},
                      {file: {path: /etc/ssh, exists: false}}, {run: [/bin/busybox, touch, /data/x]},
                      {run: [/bin/busybox, touch, /etc/x], status: 1}]
                """,
                to: kiln
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            try await ToolRunner().run(
                ToolInvocation("ln", ["-s", "report.xml", "link.xml"], workingDirectory: kiln.project)
            )
            let tested = try await kiln.succeed("test", "web", "--junit", "link.xml")
            #expect(Files.facts(kiln.project.appending("link.xml"))?.kind == .symlink)
            #expect(
                tested.output.split(separator: "\n").map(String.init) == [
                    "✓ http :8080/: HTTP 200 with \"version 1\"", "✓ tcp :8080: a connection",
                    "✓ run /bin/busybox id: exit status 0 with \"10001\"",
                    "✓ run /bin/busybox false: exit status 1",
                    "✓ file /www/index.html: mode 0644", "✓ file /etc/ssh: nothing there",
                    "✓ run /bin/busybox touch /data/x: exit status 0",
                    "✓ run /bin/busybox touch /etc/x: exit status 1",
                    "web passes its 8 checks",
                ]
            )
            #expect(
                try Files.readText(kiln.project.appending("report.xml")).contains(
                    "tests=\"8\" failures=\"0\""
                )
            )
            try Self.expectNothingLeft(kiln)
            // Whoever names no place for the report learns that before anything is started.
            let refusals = ["missing/report.xml": "there is no folder missing", ".": "it is a folder"]
            for (name, cause) in refusals {
                let refused = try await kiln.run("test", "web", "--junit", name)
                #expect(refused.code == 2 && refused.messages.contains(cause), "\(refused.messages)")
                #expect(refused.output.isEmpty)
            }
        }
    }

    @Test func `that fail say what was expected and seen, and keep the image out of releases`() async throws {
        try await Sandbox.with { sandbox in
            var process = try KilnProcess(sandbox)
            // As under su and cron: what lies where only root looks is found all the same.
            process.environment["PATH"] = "/usr/bin:/bin"
            let app = try await WebApp(process, port: 8562)
            let kiln = app.kiln
            sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
            try Self.add("[{http: {path: /missing}}, {run: [/bin/nope]}]", to: kiln)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let refused = try await kiln.run("deploy", "web")
            #expect(refused.code == 3, "\(refused.messages)")
            #expect(refused.messages.contains("http :8080/missing: expected HTTP 200, saw HTTP 404"))
            #expect(refused.messages.contains("kiln test web"))
            // A known verdict is not asked for again, unless somebody asked in other circumstances meanwhile.
            #expect(try await !kiln.run("deploy", "web").messages.contains("test web ("))
            let failed = try await kiln.run("test", "web", "--format", "json")
            #expect(failed.code == 1)
            #expect(failed.output.contains(#""passed" : false"#))
            try Self.expectNothingLeft(kiln)
            #expect(try await kiln.run("deploy", "web").messages.contains("test web ("))

            #expect(try await kiln.run("deploy", "web", "--skip-checks").code == 2)
            try await kiln.succeed("deploy", "web", "--skip-checks", "--why", "the page comes later")
            #expect(
                try await kiln.succeed("events", "web").output.contains(
                    "without its checks: the page comes later"
                )
            )
            // What was admitted is not asked again.
            try await kiln.succeed("deploy", "web")
        }
    }

    @Test func `of an image that starts nothing run alone`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8563)
            let kiln = app.kiln
            let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
            let checks = """
                    from: tar:root.tar
                    checks:
                      - {run: [/bin/busybox, echo, hello], contains: hello}
                      - {run: [/bin/busybox, echo, hello], contains: bye}
                      - {run: [/bin/busybox, sh, -c, "echo early; seq 1000"], contains: early}
                      - {run: [/bin/nope]}
                """
            try kiln.write(definition.replacing("    from: tar:root.tar", with: checks), to: "kiln.yaml")
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let tested = try await kiln.run("test", "root")
            #expect(tested.code == 1)
            let lines = tested.output.split(separator: "\n")
            #expect(lines.first == "✓ run /bin/busybox echo hello: exit status 0 with \"hello\"")
            #expect(lines.dropFirst().first?.hasSuffix("which ends with \"hello\"") == true)
            #expect(lines.last == "root fails 2 of 4 checks")
            try Self.expectNothingLeft(kiln)
        }
    }

    @Test func `are not asked of an instance that does not become healthy`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8564)
            try app.release("1", breaks: true)
            let kiln = app.kiln
            try Self.add("[{run: [/bin/busybox, id]}]", to: kiln)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let tested = try await kiln.run("test", "web", "--healthy-within", "2")
            #expect(tested.code == 1)
            #expect(tested.output.contains("✗ health: expected a healthy instance, saw HTTP 404, after 2 s"))
            #expect(tested.messages.contains("last lines"))
            try Self.expectNothingLeft(kiln)
        }
    }

    @Test func `whose command was killed leave nothing once the next one ran`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8565)
            let kiln = app.kiln
            try Self.add("[{run: [/bin/busybox, sleep, \"600\"], timeout: 10m}]", to: kiln)
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let script = """
                \(try kiln.invocation(["test", "web"]).commandLine) & pid=$!
                until pgrep -f 'kiln-test.*sleep 600' >/dev/null; do kill -0 $pid || break; sleep 0.05; done
                kill -KILL $pid
                """
            _ = try await ToolRunner().runUnchecked(
                ToolInvocation("bash", ["-mc", script], workingDirectory: kiln.project)
            )
            try Self.add("[{run: [/bin/busybox, id]}]", to: kiln, replacing: true)
            try await kiln.succeed("test", "web")
            try Self.expectNothingLeft(kiln)
        }
    }

    private static func add(_ checks: String, to kiln: KilnProcess, replacing: Bool = false) throws {
        let file = kiln.project.appending("kiln.yaml")
        var definition = try Files.readText(file)
        if replacing { definition = definition.replacing(#/ {4}checks:.*\n/#, with: "") }
        definition = definition.replacing("    user: web\n", with: "    user: web\n    checks: \(checks)\n")
        try kiln.write(definition, to: "kiln.yaml")
    }

    private static func expectNothingLeft(_ kiln: KilnProcess) throws {
        #expect(try Files.list(kiln.home.run).filter { $0.hasPrefix("kiln-test-") } == [])
        #expect(try Files.list(kiln.home.volumes) == [])
        #expect(try MountTable.current().under(kiln.home.runtime).isEmpty)
        #expect(try Files.list(kiln.home.runtime.appending("trials")) == [])
        #expect(try Files.list(kiln.home.runtime.appending("fences")) == [])
    }
}
