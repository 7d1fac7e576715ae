import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Verifying from the command line` {
    private static func project(_ sandbox: Sandbox, step: String) async throws -> KilnProcess {
        let kiln = try await WebApp(KilnProcess(sandbox), port: 8527).kiln
        let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
        let steps = "    steps: [{run: step.sh}]\n    entrypoint:"
        try kiln.write(definition.replacing("    entrypoint:", with: steps), to: "kiln.yaml")
        try kiln.write(step, to: "step.sh")
        try await kiln.succeed("lock")
        return kiln
    }

    @Test func `ends with 0 and keeps the verdict, which image show tells`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox, step: "echo same > /etc/same\n")
            let baked = try await kiln.succeed("bake").output
            #expect(try await kiln.succeed("image", "show", "web").output.contains("unverified"))
            let verified = try await kiln.succeed("image", "verify", "web")
            #expect(verified.output.contains("kiln step step.sh"))
            #expect(!verified.output.contains("differs"))
            let shown = try await kiln.succeed("image", "show", "web").output
            #expect(shown.contains(" verified ") && !shown.contains("unverified"))
            #expect(
                try await kiln.succeed("image", "show", "web", "--format", "json").output.contains(
                    #""verified" : "verified""#
                )
            )
            #expect(try await kiln.succeed("bake").output == baked)
            try Self.expectNothingLeft(kiln)
        }
    }

    @Test func `ends with 1 and names layer, step, place and file`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(
                sandbox,
                step: "/bin/busybox cat /proc/sys/kernel/random/uuid > /etc/where\n"
            )
            let result = try await kiln.run("bake", "--verify")
            #expect(result.code == 1, "\(result.messages)")
            #expect(result.messages.contains("web, layer 3: kiln step step.sh (kiln.yaml:10:"))
            #expect(result.messages.contains("/etc/where\n    content: "))
            #expect(try await kiln.succeed("image", "show", "web").output.contains("differs"))
            let json = try await kiln.run("image", "verify", "--format", "json")
            #expect(json.code == 1)
            #expect(json.output.contains(#""path" : "/etc/where""#))
            #expect(try await kiln.run("image", "verify", "wbe").code == 2)
            try Self.expectNothingLeft(kiln)
        }
    }

    @Test func `killed in the middle leaves nothing once the next one ran`() async throws {
        try await Sandbox.with { sandbox in
            let step =
                "if /bin/busybox grep -q /home- /proc/self/mountinfo; then /bin/busybox sleep 1003; fi\n"
            let kiln = try await Self.project(sandbox, step: step)
            try await kiln.succeed("bake")
            let command = try kiln.invocation(["image", "verify", "web"]).commandLine
            let homes = kiln.home.scratch.string
            let script = """
                \(command) >messages 2>&1 & verify=$!
                for try in $(seq 400); do
                  ls -d \(homes)/bake-*/home-*/tmp/bake-*/*/mount/root/bin >/dev/null 2>&1 && pgrep -f '[b]usybox sleep 1003' >/dev/null && break
                  sleep 0.05
                done
                kill -9 $verify; wait $verify; true
                """
            try await ToolRunner().run(
                ToolInvocation("bash", ["-c", script], workingDirectory: kiln.project)
            )
            #expect(try !MountTable.current().under(kiln.home.root).isEmpty)
            try kiln.write("echo short\n", to: "step.sh")
            try await kiln.succeed("bake")
            try Self.expectNothingLeft(kiln)
        }
    }

    @Test func `compares two images of the store by their files and how they start`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox, step: "echo same > /etc/same\n")
            let first = try await kiln.succeed("bake", "web").output
            let digest = String(
                try #require(first.split(separator: " ").last).dropLast().suffix(64).prefix(12)
            )
            #expect(try await kiln.run("image", "diff", "web", digest).code == 0)
            try kiln.write("version two\n", to: "site/index.html")
            try await kiln.succeed("bake", "web")
            let diff = try await kiln.run("image", "diff", digest, "web")
            #expect(diff.code == 1)
            #expect(diff.output.contains("/www/index.html\n  content: "))
            #expect(diff.output.contains("layers: 1 shared"))
            #expect(try await kiln.run("image", "diff", "nonesuch", "web").code != 0)
        }
    }

    private static func expectNothingLeft(_ kiln: KilnProcess) throws {
        #expect(try Files.list(kiln.home.scratch).filter { !$0.hasSuffix(".lock") } == [])
        #expect(try Files.list(kiln.home.runtime).isEmpty)
        #expect(try MountTable.current().under(kiln.home.root).isEmpty)
    }
}
