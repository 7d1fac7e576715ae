import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The command line` {
    static let definition =
        "kiln: 1\nimages:\n  app: {from: scratch, files: [{source: page, target: /page}]}\n"

    @Test func `tells a stale lock from a wrong definition by its status`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("hello\n", to: "page")
            #expect(try await kiln.run("check").code == 6)
            try await kiln.succeed("lock")
            try await kiln.succeed("check")
            try kiln.write(Self.definition + "  more: {from: scratch}\n", to: "kiln.yaml")
            let stale = try await kiln.run("check")
            #expect(stale.code == 6)
            #expect(stale.messages.contains("kiln lock"))
            #expect(try await kiln.run("bake").code == 2)
            try kiln.write(Self.definition + "  more: {fro: scratch}\n", to: "kiln.yaml")
            #expect(try await kiln.run("check").code == 2)
        }
    }

    @Test func `collects what no name refers to any more`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("one\n", to: "page")
            try await kiln.succeed("lock")
            let first = try await kiln.succeed("bake").output
            #expect(try await kiln.succeed("gc").messages.contains("freed 0 B"))
            try kiln.write("two\n", to: "page")
            let second = try await kiln.succeed("bake").output
            #expect(first != second)
            let foreseen = try await kiln.succeed("gc", "--dry-run", "--format", "json")
            let dropped = try await kiln.succeed("gc", "--format", "json")
            #expect(foreseen.output.replacing("true", with: "false") == dropped.output)
            #expect(dropped.output.contains("\"blob\""))
            #expect(try await kiln.succeed("image", "list").output.contains("app"))
            try await kiln.succeed("image", "remove", "app")
            try await kiln.succeed("gc")
            #expect(try Files.list(kiln.home.images.pushing("blobs/sha256")).isEmpty)
        }
    }

    @Test func `collects packages by the lock as it is once nothing uses the store`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("one\n", to: "page")
            try Files.createDirectory(kiln.home.root)
            let messages = sandbox.path.appending("messages")
            let collect = "\(try kiln.invocation(["gc", "--packages"]).commandLine) 2>\(messages)"
            let invocation = ToolInvocation("bash", ["-c", collect], workingDirectory: kiln.project)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await FileLock.with(kiln.home.root.appending("store.lock"), .shared) {
                    group.addTask { try await ToolRunner().run(invocation) }
                    try await eventually("the collection waits") {
                        (try? Files.readText(messages).contains("waiting")) ?? false
                    }
                    try await kiln.succeed("lock")
                }
                try await group.waitForAll()
            }
            #expect(try Files.readText(messages).contains("freed"))
        }
    }

    @Test func `examines the machine`() async throws {
        try await Sandbox.with { sandbox in
            let report = try await KilnProcess(sandbox).succeed("doctor", "--format", "json").output
            let findings = try JSONDecoder().decode([String: [Finding]].self, from: Data(report.utf8))
            let listed = try #require(findings["findings"])
            #expect(listed.contains { $0.name == "runc" && $0.status == "present" })
            #expect(listed.allSatisfy { $0.status == "present" })
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completes for a shell`(_ shell: String) async throws {
        try await Sandbox.with { sandbox in
            let script = try await KilnProcess(sandbox).succeed("--generate-completion-script", shell).output
            #expect(script.contains("rollback"))
            guard shell == "bash" else { return }
            try await ToolRunner().run(ToolInvocation("bash", ["-n"], input: Array(script.utf8)))
        }
    }

    @Test func `says when a result could not be written, and ends quietly when its reader has gone`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let command = try kiln.invocation(["schema"]).commandLine
            let full = try await ToolRunner().runUnchecked(
                ToolInvocation("bash", ["-c", command + " >/dev/full"])
            )
            #expect(full.status == .exited(1))
            #expect(full.errorText.contains("No space left on device"))
            let left = try await ToolRunner().runUnchecked(
                ToolInvocation("bash", ["-c", "set -o pipefail; \(command) | true"])
            )
            #expect(left.status == .exited(0))
            #expect(left.errorText.isEmpty)
        }
    }

    @Test func `is run from a fresh definition as the guide's first chapter has it`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let commands = try firstChapter()
            #expect(commands.last?.hasPrefix("kiln deploy") == true)
            let script =
                "kiln() { \(try kiln.invocation([]).commandLine) \"$@\"; }\nset -e\n"
                + commands.joined(separator: "\n") + "\nkiln status hello; kiln destroy hello --volumes"
            let run = try await ToolRunner().runUnchecked(
                ToolInvocation("bash", ["-c", script], workingDirectory: kiln.project)
            )
            #expect(run.status == .exited(0), "\(run.errorText)")
            #expect(run.text.contains("hello"))
            #expect(try MountTable.current().under(kiln.home.runtime).isEmpty)
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/docker-registry"), "needs docker-registry"))
    func `pushes and pulls with the login of a credential helper`() async throws {
        try await Sandbox.with { sandbox in
            var kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("hello\n", to: "page")
            let secret =
                "import crypt; print('me:' + crypt.crypt('right', crypt.mksalt(crypt.METHOD_BLOWFISH)))"
            let entry = try await ToolRunner().run(
                ToolInvocation("/usr/bin/python3", ["-W", "ignore", "-c", secret])
            ).text
            let users = try sandbox.write(entry, to: "registry/htpasswd")
            let configuration = try sandbox.write(
                """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: \(sandbox.path)/registry/data}}
                http: {addr: 127.0.0.1:8526}
                auth: {htpasswd: {realm: test, path: \(users)}}

                """,
                to: "registry/config.yml"
            )
            try sandbox.write(
                #"#!/bin/sh\ncat >/dev/null\necho '{"ServerURL": "x", "Username": "me", "Secret": "right"}'\n"#
                    .replacing("\\n", with: "\n"),
                to: "bin/docker-credential-test",
                mode: 0o755
            )
            try sandbox.write(#"{"credHelpers": {"127.0.0.1:8526": "test"}}"#, to: "docker/config.json")
            kiln.environment = [
                "PATH": "\(sandbox.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "DOCKER_CONFIG": "\(sandbox.path)/docker", "HOME": "\(sandbox.path)",
            ]
            let run = try await ToolRunner().runUnchecked(
                ToolInvocation(
                    "bash",
                    [
                        "-c",
                        """
                        docker-registry serve \(configuration) >/dev/null 2>&1 & registry=$!
                        trap 'kill $registry' EXIT
                        set -e
                        kiln() { \(try kiln.invocation([]).commandLine) "$@"; }
                        kiln lock; kiln bake
                        until curl -so /dev/null http://127.0.0.1:8526/v2/; do kill -0 $registry; sleep 0.05; done
                        kiln image push app 127.0.0.1:8526/shop/app:1
                        kiln image remove app; kiln gc
                        kiln image pull 127.0.0.1:8526/shop/app:1 --name app
                        kiln image list
                        """,
                    ],
                    workingDirectory: kiln.project
                )
            )
            #expect(run.status == .exited(0), "\(run.errorText)")
            let lines = run.text.split(separator: "\n")
            let digest = try #require(lines.first?.split(separator: " ").last)
            #expect(lines.count(where: { $0.contains(digest) }) == 3)
        }
    }

    private struct Finding: Decodable {
        let name: String
        let status: String
    }

    /// The commands of the guide's first block, without their comments.
    private func firstChapter() throws -> [String] {
        let guide = try Files.readText(Golden.project.pushing("docs/guide.md"))
        let block = try #require(
            guide.split(separator: "```sh\n").dropFirst().first?.split(separator: "```").first
        )
        return block.split(separator: "\n").map { line in
            String(line.split(separator: "#", maxSplits: 1)[0])
        }
    }
}
