import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Signed images` {
    private static let definition = """
        kiln: 1
        images:
          app: {from: scratch, files: [{source: app.txt, target: /app}]}

        """

    private func project(_ sandbox: Sandbox, home: String = "home") throws -> KilnProcess {
        var kiln = try KilnProcess(sandbox, home: home)
        kiln.environment["KILN_KEY_PASSPHRASE"] = "correct horse"
        try kiln.write(Self.definition, to: "kiln.yaml")
        try kiln.write("1\n", to: "app.txt")
        return kiln
    }

    @Test func `are told by who signed them, and others are refused with exit status 3`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try project(sandbox)
            try await kiln.succeed("lock")
            let digest = try #require(
                try await kiln.succeed("bake").output.split(whereSeparator: \.isWhitespace).last
            )
            let fingerprint = try await kiln.succeed("key", "generate", "--out", "ci").output
            #expect(try await kiln.succeed("key", "show", "ci.pub").output == fingerprint)
            #expect(try await kiln.succeed("key", "show", "ci.key").output == fingerprint)
            #expect(try await kiln.run("key", "generate", "--out", "ci").code == 2)
            try await kiln.succeed("key", "generate", "--out", "other")

            let unsigned = try await kiln.run("image", "verify-signature", "app", "--key", "ci.pub")
            #expect(unsigned.code == 3 && unsigned.messages.contains("kiln image sign"))
            let signed = try await kiln.succeed("image", "sign", "app", "--key", "ci.key", "-a", "env=prod")
            #expect(signed.output == "\(digest)\n" && signed.messages.contains("with its provenance"))
            #expect(
                try await kiln.succeed("image", "sign", "app", "--key", "ci.key", "-a", "env=prod").messages
                    .contains("was signed before")
            )
            let told = try await kiln.succeed(
                "image",
                "verify-signature",
                "app",
                "--key",
                "ci.pub",
                "-a",
                "env=prod"
            )
            #expect(told.output.contains("signed by ci.pub as app, at 2") && told.output.contains("env=prod"))
            try await kiln.succeed(
                "image",
                "verify-signature",
                "app",
                "--key",
                "other.pub",
                "--key",
                "ci.pub"
            )
            for arguments in [
                ["--key", "other.pub"], ["--key", "ci.pub", "-a", "env=test"],
                ["--key", "ci.pub", "--identity", "shop"],
                ["--key", "ci.pub", "--attestation", "https://example.org/other"],
            ] {
                let refused = try await ToolRunner().runUnchecked(
                    kiln.invocation(["image", "verify-signature", "app"] + arguments)
                )
                #expect(refused.status == .exited(3), "\(arguments)")
            }
            var locked = kiln
            locked.environment["KILN_KEY_PASSPHRASE"] = "wrong"
            #expect(try await locked.run("image", "sign", "app", "--key", "ci.key").code == 2)
            locked.environment["KILN_KEY_PASSPHRASE"] = .some(nil)
            let asked = try await locked.run("image", "sign", "app", "--key", "ci.key")
            #expect(asked.code == 2 && asked.messages.contains("--passphrase-file"))
            #expect(try await kiln.run("image", "verify-signature", "app", "--key", "ci.key").code == 2)
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/git"), "needs git"))
    func `say of which commit they are, whether it was clean, and what was verified, the same each time`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let kiln = try project(sandbox)
            try await kiln.succeed("lock")
            func git(_ arguments: String...) async throws -> String {
                try await ToolRunner().run(
                    ToolInvocation(
                        "git",
                        ["-c", "user.name=t", "-c", "user.email=t@example.org"] + arguments,
                        workingDirectory: kiln.project
                    )
                ).text
            }
            _ = try await git("init", "-q")
            _ = try await git("remote", "add", "origin", "https://user:secret@git.example.org/shop.git")
            _ = try await git("add", ".")
            _ = try await git("commit", "-qm", "one")
            let commit = try await git("rev-parse", "HEAD").split(separator: "\n")[0]
            try Files.write("", to: kiln.project.appending(".gitignore"))
            _ = try await git("add", ".")
            _ = try await git("commit", "-qm", "two")
            let second = try await git("rev-parse", "HEAD").split(separator: "\n")[0]
            func provenance(_ arguments: String...) async throws -> String {
                try await kiln.succeed(
                    "image",
                    "verify-signature",
                    "app",
                    "--key",
                    "../ci.pub",
                    "--attestation",
                    "provenance"
                ).output
            }
            try await kiln.succeed("key", "generate", "--out", "../ci")
            try await kiln.succeed("bake", "--sign-key", "../ci.key")
            let first = try await provenance()
            #expect(first.contains("commit \(second) of https://git.example.org/shop.git\n"))
            #expect(first.contains("1 unverified") && !first.contains("secret") && !first.contains(commit))
            try await kiln.succeed("bake", "--sign-key", "../ci.key")
            #expect(try await provenance() == first)
            try kiln.write("2\n", to: "app.txt")
            try await kiln.succeed("bake", "--verify", "--sign-key", "../ci.key")
            let dirty = try await provenance()
            #expect(dirty.contains("with changes that were not committed") && dirty.contains("1 verified"))
        }
    }

    @Test(.enabled(if: Files.exists("/usr/bin/git"), "needs git"))
    func `have git asked once for their commit, and never outside of a repository`() async throws {
        try await Sandbox.with { sandbox in
            var kiln = try project(sandbox)
            let log = sandbox.path.appending("log")
            try kiln.write(
                "#!/bin/sh\necho \"$@\" >> \(log)\nexec /usr/bin/git \"$@\"\n",
                to: "../bin/git",
                mode: 0o755
            )
            kiln.environment["PATH"] = "\(sandbox.path.appending("bin")):/usr/sbin:/usr/bin:/sbin:/bin"
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            #expect(!Files.exists(log))
            let script = """
                git init -q && git add . && git -c user.name=t -c user.email=t@example.org commit -qm one
                git remote add origin git@git.example.org:shop.git
                """
            try await ToolRunner().run(
                ToolInvocation("sh", ["-c", script], workingDirectory: kiln.project)
            )
            try await kiln.succeed("bake")
            let asked = try Files.readText(log).split(separator: "\n")
            #expect(asked.count == 1 && asked[0].contains("status"), "\(asked)")
        }
    }

    @Test(.enabled(if: TestRegistry.isInstalled, "needs docker-registry"))
    func `are verified in a registry without being fetched, and bases are pinned only when they are signed`()
        async throws
    {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8704) { registry in
                let vendor = try project(sandbox)
                try await vendor.succeed("lock")
                try await vendor.succeed("bake")
                try await vendor.succeed("key", "generate", "--out", "vendor")
                let name = "\(registry.host)/vendor/base:1"
                try await vendor.succeed("image", "push", "app", name)

                var user = try KilnProcess(sandbox, project: "user", home: "user-home")
                user.environment["KILN_KEY_PASSPHRASE"] = "x"
                try await ToolRunner().run(
                    ToolInvocation(
                        "cp",
                        [vendor.project.appending("vendor.pub").string, user.project.string]
                    )
                )
                try user.write(
                    """
                    kiln: 1
                    trust: {vendor: [vendor.pub]}
                    images:
                      shop: {from: "oci:\(name)", base_signed_by: [vendor]}

                    """,
                    to: "kiln.yaml"
                )
                #expect(
                    try await user.run("image", "verify-signature", name, "--key", "vendor.pub").code == 3
                )
                let refused = try await user.run("lock")
                #expect(refused.code == 3 && refused.messages.contains("kiln.yaml:4:"), "\(refused.messages)")
                #expect(!Files.exists(user.project.appending("kiln.lock")))

                try await vendor.succeed(
                    "image",
                    "sign",
                    "app",
                    "--key",
                    "vendor.key",
                    "--identity",
                    "\(registry.host)/vendor/base"
                )
                try await vendor.succeed("image", "push", "app", name)
                let seen = try await user.succeed("image", "verify-signature", name, "--key", "vendor.pub")
                #expect(seen.output.contains("as \(registry.host)/vendor/base"))
                let digest = try #require(seen.output.split(separator: "\n").first)
                try await user.succeed(
                    "image",
                    "verify-signature",
                    "\(registry.host)/vendor/base@\(digest)",
                    "--key",
                    "vendor.pub",
                    "--attestation",
                    "provenance"
                )
                try await user.succeed("lock")
                try await user.succeed("bake")
                try await user.succeed("image", "pull", name, "--name", "base")
                try await user.succeed("image", "verify-signature", "base", "--key", "vendor.pub")
                // What nobody signed there is not signed here.
                try await user.succeed("key", "generate", "--out", "user")
                let own = try await user.succeed("image", "sign", "base", "--key", "user.key")
                #expect(!own.messages.contains("provenance"))
            }
        }
    }

    @Test(.enabled(if: WebApp.isPossible, "needs busybox-static"))
    func `alone make a release where the definition says so, and an instance leads back to them`()
        async throws
    {
        try await Sandbox.with { sandbox in
            var process = try KilnProcess(sandbox)
            process.environment["KILN_KEY_PASSPHRASE"] = "correct horse"
            let app = try await WebApp(process, port: 8705)
            let kiln = app.kiln
            sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
            let text = try Files.readText(kiln.project.appending("kiln.yaml"))
            try kiln.write(
                text.replacing("kiln: 1\n", with: "kiln: 1\ntrust: {ci: [ci.pub]}\n")
                    .replacing("    instances: 3\n", with: "    instances: 1\n    signed_by: [ci]\n"),
                to: "kiln.yaml"
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            try await kiln.succeed("key", "generate", "--out", "ci")
            let refused = try await kiln.run("deploy", "web")
            #expect(
                refused.code == 3 && refused.messages.contains("is not signed by ci"),
                "\(refused.messages)"
            )
            #expect(try await kiln.run("plan").output.contains("is not signed by ci"))
            try await kiln.succeed("image", "sign", "web", "--key", "ci.key")
            try await kiln.succeed("deploy", "web")
            let instance = try Files.list(kiln.home.run.appending("web")).first { $0.hasPrefix("web-") }
            let trace = try await kiln.succeed("trace", try #require(instance)).output
            #expect(
                trace.contains("release") && trace.contains("of fleet web")
                    && trace.contains("made of  definition")
            )
            #expect(trace.contains("told by  the bake here, unsigned"))
            let id = try #require(instance)
            let vouched = try await kiln.succeed("trace", id, "--key", "ci.pub").output
            #expect(vouched.contains("told by  a statement that is signed by ci.pub"))
            try await kiln.succeed("key", "generate", "--out", "other")
            #expect(try await kiln.run("trace", id, "--key", "other.pub").code == 3)
            #expect(try await kiln.run("trace", "nothing").code == 2)
            // What the fleet asks for itself is no gate that could be overridden.
            try await kiln.succeed("key", "generate", "--out", "ci2")
            let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
            try kiln.write(
                definition.replacing("[ci.pub]", with: "[ci2.pub]").replacing(
                    "memory: 64MiB",
                    with: "memory: 65MiB"
                ),
                to: "kiln.yaml"
            )
            for command in [["deploy", "web"], ["apply"]] {
                let told = try await ToolRunner().runUnchecked(
                    kiln.invocation(command + ["--override", "--why", "a demonstration"])
                )
                #expect(told.status == .exited(3), "\(command): \(told.errorText)")
            }
        }
    }
}
