import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: Snowflake.isPossible, "needs root and mmdebstrap"), DebianRoot())
struct `Snowflakes that are brought home` {
    @Test(arguments: Snowflake.all)
    func `are accounted for, explained and locked, and no secret gets out`(
        _ snowflake: Snowflake
    ) async throws {
        try await Sandbox.with { sandbox in
            let root = try await DebianRoot.make(snowflake, in: sandbox)
            let kiln = try KilnProcess(sandbox)
            let arguments = ["adopt", root.string, "--output", "out", "--format", "json"]
            let said = try await ToolRunner().runUnchecked(
                kiln.invocation(arguments + (snowflake.isBaked ? ["--verify"] : []))
            )
            let result = KilnProcess.Result(
                status: said.status,
                output: said.text,
                messages: said.errorText
            )
            #expect(result.code == 0, "\(result.output.suffix(6000))\(result.messages)")
            if snowflake.isBaked {
                #expect(result.output.contains("\"differences\" : [\n\n"), "\(result.output.suffix(6000))")
            }
            let output = kiln.project.appending("out")
            let share = try #require(Self.number("accountedFiles", in: result.output))
            #expect(share >= 0.98, "\(result.output.suffix(3000))")
            let definition = try Files.readText(output.appending("kiln.yaml"))
            let script =
                Files.exists(output.appending("arrange.sh"))
                ? try Files.readText(output.appending("arrange.sh")) : ""
            for text in snowflake.expected {
                #expect(
                    definition.contains(text) || script.contains(text),
                    "\(text) is not in\n\(definition)\n\(script)"
                )
            }
            for path in snowflake.copied {
                #expect(Files.exists(output.appending("files").appending(path)), "\(path)")
            }
            for path in snowflake.absent {
                #expect(!Files.exists(output.appending("files").appending(path)), "\(path)")
            }
            for secret in snowflake.secrets {
                #expect(
                    !result.output.contains(secret) && !result.messages.contains(secret),
                    "\(secret) was told"
                )
                let found = try await ToolRunner().runUnchecked(
                    ToolInvocation("grep", ["-rlF", "-e", secret, output.string])
                )
                #expect(found.text.isEmpty, "\(secret) is in \(found.text)")
            }
            if !snowflake.isBaked { try await kiln.succeed("lock", "-f", "out/kiln.yaml") }
        }
    }

    @Test func `differ where somebody changes what no record tells of, and are read from a tar alike`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let root = try await DebianRoot.make(.plain, in: sandbox)
            let kiln = try KilnProcess(sandbox)
            let result = try await kiln.run("adopt", root.string, "--output", "out", "--verify")
            // No package's record says what mode its files have.
            #expect(result.code == 4, "\(result.output)\(result.messages)")
            let line = try #require(
                result.output.split(separator: "\n").first { $0.contains("/usr/bin/chfn") }
            )
            #expect(line.split(separator: " ") == ["/usr/bin/chfn", "mode", "0700", "4755"])
            #expect(result.output.contains("1 difference:"), "\(result.output)")
            // Holes and all.
            let tar = sandbox.path.appending("root.tar.gz")
            try await ToolRunner().run(ToolInvocation("tar", ["-C", root.string, "-Sczf", tar.string, "."]))
            try await kiln.succeed("adopt", tar.string, "--output", "tarred")
            let texts = try ["out", "tarred"].map {
                try Files.readText(kiln.project.appending($0).appending("kiln.yaml"))
                    .split(separator: "\n").drop { $0 != "kiln: 1" }
            }
            #expect(texts[0] == texts[1])
            let sparse = kiln.project.appending("tarred/files/opt/sparse.img")
            #expect(Files.facts(sparse)?.size == 8 << 20)
        }
    }

    private static func number(_ name: String, in json: String) -> Double? {
        guard let place = json.firstRange(of: "\"\(name)\" : ") else { return nil }
        return Double(json[place.upperBound...].prefix { $0.isNumber || $0 == "." })
    }
}

@Suite struct `kiln adopt` {
    @Test func `tells wrong usage from what it cannot read`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let missing = try await kiln.run("adopt", "nowhere", "-o", "out")
            #expect(missing.code == 2 && missing.messages.contains("docker export"))
            try Files.createDirectory(kiln.project.appending("empty"))
            let empty = try await kiln.run("adopt", "empty", "-o", "out")
            #expect(empty.code == 2 && empty.messages.contains("it holds no root of a Linux system"))
            try kiln.write("x", to: "root/etc/app.conf")
            #expect(try await kiln.run("adopt", "root", "-o", "root").code == 2)
            try await kiln.succeed("adopt", "root", "-o", "out")
            let again = try await kiln.run("adopt", "root", "-o", "out")
            #expect(again.code == 2 && again.messages.contains("--force"))
            try await kiln.succeed("adopt", "root", "-o", "out", "--force")
            try kiln.write("this is no archive, whatever its name says", to: "bad.tar")
            let bad = try await kiln.run("adopt", "bad.tar", "-o", "other")
            #expect(bad.code == 2 && bad.messages.contains("bad.tar: it is neither a folder nor a tar"))
            let outside = try await kiln.run("adopt", "root", "-o", "other", "--exclude", "../up")
            #expect(outside.code == 2 && outside.messages.contains("--exclude"))
            try kiln.write("x", to: "root/srv/backups/big")
            let less = try await kiln.succeed("adopt", "root", "-o", "less", "--exclude", "/srv/backups")
            #expect(less.output.contains("/srv/backups: left out, as it was asked"))
            #expect(!Files.exists(kiln.project.appending("less/files/srv/backups")))
            try Files.remove(kiln.project.appending("root/srv"))
            #expect(!Files.exists(kiln.project.appending("other")))
        }
    }
}
