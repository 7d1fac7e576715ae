import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Ctrl-C` {
    @Test func `during a step leaves no mount, process or temporary file, and the next bake works`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8511)
            let definition = try Files.readText(app.kiln.project.appending("kiln.yaml"))
            let step = "    steps: [{run: step.sh}]\n    entrypoint:"
            try app.kiln.write(definition.replacing("    entrypoint:", with: step), to: "kiln.yaml")
            try app.kiln.write("echo begun\n/bin/busybox sleep 1000\n", to: "step.sh")
            try await app.kiln.succeed("lock")

            let interrupted = try await interrupt(
                app.kiln,
                ["bake", "--verbose"],
                once: "grep -q begun messages"
            )
            #expect(interrupted.code == 130, "\(interrupted.messages)")
            #expect(interrupted.messages.contains("interrupted"))
            try expectNothingLeft(app.kiln)
            let sleepers = try await ToolRunner().runUnchecked(
                ToolInvocation("pgrep", ["-f", "busybox sleep 1000"])
            )
            #expect(sleepers.text.isEmpty)

            try app.kiln.write("echo short\n", to: "step.sh")
            try await app.kiln.succeed("bake")
        }
    }

    @Test func `while an archive doesn't answer leaves no lock and no temporary file`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(
                """
                kiln: 1
                archives:
                  slow:
                    mirror: http://127.0.0.1:8512/debian
                    suites: [bookworm]
                    keyring: /usr/share/keyrings/debian-archive-keyring.gpg
                images:
                  base: {from: archive:slow}

                """,
                to: "kiln.yaml"
            )
            try kiln.write(
                """
                import pathlib, socket
                server, connections = socket.create_server(("127.0.0.1", 8512)), []
                while True:
                    connections.append(server.accept())
                    pathlib.Path("asked").touch()

                """,
                to: "silent.py"
            )
            let interrupted = try await interrupt(
                kiln,
                ["lock"],
                beside: "exec timeout 60 /usr/bin/python3 silent.py",
                once: "test -e asked"
            )
            #expect(interrupted.code == 130, "\(interrupted.messages)")
            #expect(interrupted.messages.contains("interrupted"))
            #expect(!Files.exists(kiln.project.appending("kiln.lock")))
            try expectNothingLeft(kiln)
        }
    }

    @Test(arguments: [["deploy", "web"], ["apply"]])
    func `while a collection is waited for ends the command at once`(command: [String]) async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8513)
            let kiln = app.kiln
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let lock = kiln.home.root.appending("store.lock")
            let interrupted = try await interrupt(
                kiln,
                command,
                beside: "exec flock --exclusive \(lock) sh -c 'touch held; exec sleep 60'",
                after: "test -e held",
                once: "grep -q 'waiting for a collection' messages"
            )
            #expect(interrupted.code == 130, "\(interrupted.messages)")
            #expect(!interrupted.messages.contains("stopping after"))
            #expect(try await kiln.succeed("status").output.isEmpty)
        }
    }

    private func expectNothingLeft(_ kiln: KilnProcess) throws {
        #expect(try MountTable.current().under(kiln.home.root).isEmpty)
        #expect(try MountTable.current().under(kiln.home.runtime).isEmpty)
        let scratch = Files.exists(kiln.home.scratch) ? try Files.list(kiln.home.scratch) : []
        #expect(scratch.filter { !$0.hasSuffix(".lock") }.isEmpty)
    }

    /// Sends SIGINT once a shell condition holds; `service` runs meanwhile.
    private func interrupt(
        _ kiln: KilnProcess,
        _ arguments: [String],
        beside service: String = "true",
        after ready: String = "true",
        once condition: String
    ) async throws -> KilnProcess.Result {
        let script = """
            \(service) & service=$!
            until \(ready); do sleep 0.02; done
            \(try kiln.invocation(arguments).commandLine) 2>messages & pid=$!
            until \(condition); do kill -0 $pid || break; sleep 0.02; done
            kill -INT $pid
            wait $pid; status=$?
            kill $service 2>/dev/null
            exit $status
            """
        let output = try await ToolRunner().runUnchecked(
            ToolInvocation("bash", ["-mc", script], workingDirectory: kiln.project)
        )
        return KilnProcess.Result(
            status: output.status,
            output: output.text,
            messages: try Files.readText(kiln.project.appending("messages"))
        )
    }
}
