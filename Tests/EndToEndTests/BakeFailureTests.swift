import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A bake that fails` {
    @Test func `shows line, last words, place and remedy`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write("echo begun\nls /none\n", to: "b.sh")
            let result = try await kiln.run("bake")
            #expect(result.code == 1)
            try Golden.expect(
                result.messages.replacing(#/ \d+\.\d s/#, with: " N s").replacing(
                    #/  [0-9a-f]{12}/#,
                    with: "  ID"
                ),
                matches: Golden.directory().appending("failed-step.txt")
            )
            let json = try await kiln.run("bake", "--format", "json")
            #expect(json.code == 1)
            #expect(json.messages.contains(#""excerpt":"ls /none""#))
            #expect(json.messages.contains(#""place":"b.sh:2:1""#))
            #expect(json.messages.split(separator: "\n").allSatisfy { $0.hasPrefix("{") })
        }
    }

    @Test func `opens a shell in the sandbox as it was, and still has failed afterwards`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write("echo kept > /tmp/in-memory; echo made > /made\nfalse\n", to: "b.sh")
            let typed = [
                "cat /tmp/in-memory /made /kiln/inputs/a.sh > /kiln-proof; echo $WORD >> /kiln-proof",
                "cat /kiln-proof; exit 0",
            ]
            let session = try await Self.typing(typed, kiln, ["bake", "--shell-on-failure"])
            #expect(session.text.contains("kept\r\nmade\r\necho a > /a\r\nword\r\n"), "\(session.text)")
            #expect(session.status == .exited(1))
            #expect(session.text.contains("step b.sh of image \"two\" failed"))
            #expect(try MountTable.current().under(kiln.home.root).isEmpty)
            #expect(try Files.list(kiln.home.scratch).filter { !$0.hasSuffix(".lock") }.isEmpty)
            // Nothing of the failed layer was kept.
            try kiln.write("test ! -e /made\n", to: "b.sh")
            try await kiln.succeed("bake")
        }
    }

    @Test func `opens no shell without a terminal`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            let result = try await kiln.run("bake", "--shell-on-failure")
            #expect(result.code == 2)
            #expect(result.messages.contains("needs a terminal"))
            #expect(!Files.exists(kiln.home.images))
        }
    }

    @Test(arguments: ["INT", "KILL"])
    func `keeps the layers that were finished before`(_ signal: String) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write("echo begun; sleep 600\n", to: "b.sh")
            let command = try kiln.invocation(["bake", "two", "--verbose"]).commandLine
            let script = """
                \(command) >messages 2>&1 & pid=$!
                until grep -q begun messages; do kill -0 $pid || break; sleep 0.05; done
                kill -\(signal) $pid; wait $pid 2>/dev/null; cat messages
                """
            let ended = try await ToolRunner().runUnchecked(
                ToolInvocation("bash", ["-mc", script], workingDirectory: kiln.project)
            )
            if signal == "INT" { #expect(ended.text.contains("finished layers are kept")) }
            try kiln.write("echo b > /b\n", to: "b.sh")
            let again = try await kiln.succeed("bake", "two")
            #expect(again.messages.contains(#/one: step a.sh: cached/#))
            #expect(again.messages.contains("1 layer made, 2 cached"))
            #expect(try MountTable.current().under(kiln.home.root).isEmpty)
        }
    }

    @Test func `bakes anew what is asked for, and warns of what is not reproducible`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write("cat /proc/sys/kernel/random/uuid > /b\n", to: "b.sh")
            try await kiln.succeed("bake")
            let same = try await kiln.succeed("bake", "--rebuild-from", "a.sh", "--timings")
            #expect(same.messages.contains("2 layers made, 1 cached"))
            #expect(same.messages.contains("step b.sh of image \"two\" is not reproducible"))
            #expect(!same.messages.contains("step a.sh of image"))
            #expect(same.messages.contains("critical path: root > one > two"))
            let all = try await kiln.succeed("bake", "one", "--no-cache", "--format", "json")
            #expect(all.output.contains(#""made" : 1"#))
            let wrong = try await kiln.run("bake", "--rebuild-from", "c.sh")
            #expect(wrong.code == 2)
        }
    }

    /// `root` < `one` (a.sh) < `two` (b.sh), locked.
    private static func project(_ sandbox: Sandbox) async throws -> KilnProcess {
        let app = try await WebApp(KilnProcess(sandbox), port: 8513)
        let kiln = app.kiln
        try kiln.write(
            """
            kiln: 1
            images:
              root: {from: tar:root.tar}
              one:
                from: image:root
                steps: [{run: a.sh}]
              two:
                from: image:one
                steps: [{run: b.sh, inputs: [a.sh], env: {WORD: word}}]

            """,
            to: "kiln.yaml"
        )
        try kiln.write("echo a > /a\n", to: "a.sh")
        try kiln.write("echo b > /b\n", to: "b.sh")
        try await kiln.succeed("lock")
        return kiln
    }

    /// Types lines at a terminal once a prompt is there, and gives all that was shown.
    private static func typing(
        _ lines: [String],
        _ kiln: KilnProcess,
        _ arguments: [String]
    ) async throws
        -> (text: String, status: ToolStatus)
    {
        let program = """
            import os, pty, select, sys, time
            lines = sys.argv[1:sys.argv.index("--")]
            command = sys.argv[sys.argv.index("--") + 1:]
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(command[0], command)
            shown, deadline = b"", time.time() + 60
            while time.time() < deadline:
                if select.select([terminal], [], [], 0.1)[0]:
                    try:
                        piece = os.read(terminal, 65536)
                    except OSError:
                        break
                    shown += piece
                elif lines and b"# " in shown[-8:]:  # what follows asks where the cursor is
                    os.write(terminal, lines.pop(0).encode() + b"\\n")
            os.close(terminal)
            sys.stdout.buffer.write(shown)
            sys.stdout.flush()
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        let invocation = try kiln.invocation(arguments)
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation(
                "/usr/bin/python3",
                ["-c", program] + lines + ["--", invocation.executable] + invocation.arguments,
                environment: invocation.environment.merging(["TERM": "xterm"]) { $1 },
                workingDirectory: kiln.project
            )
        )
        return (output.text, output.status)
    }
}
