import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A secret and a bake that is killed` {
    private static let value = "killed-\(UInt64.max)-secret"

    @Test func `no argument, no file of the home and no line of output ever has it`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8513)
            var kiln = app.kiln
            let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
            let step =
                "    steps: [{run: step.sh, secrets: [{name: token, from: env:TOKEN}]}]\n    entrypoint:"
            try kiln.write(definition.replacing("    entrypoint:", with: step), to: "kiln.yaml")
            try kiln.write(
                "v=$(/bin/busybox cat /run/secrets/token)\necho begun $v\n/bin/busybox sleep 1000\n",
                to: "step.sh"
            )
            try await kiln.succeed("lock")
            let missing = try await kiln.run("bake")
            #expect(missing.code == 2 && missing.messages.contains("the variable TOKEN is not set"))
            kiln.environment["TOKEN"] = Self.value

            // While it runs: its command line and everybody's arguments; then it is killed, and nobody cleans up.
            let script = """
                printf %s "$TOKEN" > pattern
                "$1" bake --verbose --format json > messages 2>&1 & pid=$!
                for i in $(seq 600); do grep -q begun messages && break; sleep 0.1; done
                grep -q begun messages || { kill -9 $pid; cat messages; exit 3; }
                cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -F -f pattern > arguments
                grep -rlF -f pattern "$KILN_HOME" > files 2>/dev/null
                kill -9 $pid
                grep -rlF -f pattern "$KILN_HOME" >> files 2>/dev/null
                grep -F -f pattern messages > printed
                cat arguments files printed
                """
            var invocation = try kiln.invocation([])
            invocation.executable = "bash"
            invocation.arguments = ["-c", script, "bash", try KilnProcess.executable]
            let output = try await ToolRunner().runUnchecked(invocation)
            #expect(output.status == .exited(0) && output.text == "", "\(output.text)\(output.errorText)")
            let messages = try Files.readText(kiln.project.appending("messages"))
            #expect(messages.contains("begun [secret:token]"))

            try kiln.write("/bin/busybox cat /run/secrets/token > /dev/null\n", to: "step.sh")
            try await kiln.succeed("bake")
            let left = try await ToolRunner().runUnchecked(
                ToolInvocation("grep", ["-rlF", Self.value, kiln.home.root.string])
            )
            #expect(left.text == "")
            #expect(try MountTable.current().under(kiln.home.root).isEmpty)
        }
    }
}
