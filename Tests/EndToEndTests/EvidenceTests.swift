import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Evidence that was kept` {
    @Test func `is shown as text alone`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try keep("web-1-aaaa", kiln, time: 1_795_000_000)
            try keep("web-1-aaaa.2", kiln, time: 1_795_000_100)
            let shown = try await kiln.succeed("evidence", "show", "web-1-aaaa")
            for text in [
                #"/www/\u{1B}]0;x"#, #"+de\u{1B}[31mfaced"#, #"process 7: sh \u{1B}[2J\u{A}process 8: ls"#,
            ] {
                #expect(shown.output.contains(text), "\(shown.output)")
            }
            #expect(shown.messages.contains(#"/big\u{9B} could not be kept"#), "\(shown.messages)")
            #expect(shown.messages.contains("web-1-aaaa.2 was kept of it at "), "\(shown.messages)")
            #expect(!(shown.output + shown.messages).contains("\u{1B}"))
            #expect(try await kiln.succeed("evidence", "list").output.contains("web-1-aaaa.2"))
            let listed = try await kiln.succeed("evidence", "list", "--format", "json").output
            #expect(listed.contains(#""name" : "web-1-aaaa.2""#), "\(listed)")
            #expect(listed.contains(#""instance" : "web-1-aaaa""#), "\(listed)")
        }
    }

    /// A colon names a host to tar.
    @Test(arguments: ["evidence.tar", "host:evidence.tar"])
    func `is exported whole, for its owner alone`(name: String) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try keep("web-1-aaaa", kiln, time: 1_795_000_000)
            try keep("web-1-aaaa.2", kiln, time: 1_795_000_100)
            try kiln.write("before", to: name)
            let file = kiln.project.appending(name)
            let before = try #require(Files.facts(file))
            try await kiln.succeed("evidence", "export", "web-1-aaaa", name)
            #expect(Files.facts(file)?.mode == 0o600)
            #expect(Files.facts(file)?.inode != before.inode, "whoever has it open reads what was there")
            #expect(try Files.list(kiln.project) == [name])
            func names() async throws -> String {
                try await ToolRunner().run(ToolInvocation("tar", ["--force-local", "-tf", file.string])).text
            }
            #expect(try await names().contains("web-1-aaaa/evidence.json"))
            #expect(try await names().contains("web-1-aaaa.2/evidence.json"))
            try await kiln.succeed("evidence", "export", "web-1-aaaa.2", name)
            #expect(try await !names().contains("web-1-aaaa/evidence.json"))
            #expect(try await kiln.run("evidence", "export", "web-1-none", "other").code == 2)
            #expect(try await kiln.run("evidence", "export", "web-1-aaaa", "none/other").code != 0)
            #expect(try Files.list(kiln.project) == [name])
        }
    }

    @Test func `goes with kiln gc when it is old or half written`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try keep("web-1-aaaa", kiln)
            try keep("web-1-bbbb", kiln, time: 1_600_000_000)
            try keep(".web-1-cccc.7.new", kiln)
            let folder = kiln.home.evidence.appending("web")
            try await ToolRunner().run(
                ToolInvocation("touch", ["-d", "2 hours ago", folder.appending(".web-1-cccc.7.new").string])
            )
            let foreseen = try await kiln.succeed("gc", "--dry-run").output
            #expect(foreseen.contains("it is older than 30 days") && foreseen.contains("a crash left it"))
            #expect(try Files.list(folder).count == 3)
            try await kiln.succeed("gc")
            #expect(try Files.list(folder) == ["web-1-aaaa"])
        }
    }

    private func keep(_ name: String, _ kiln: KilnProcess, time: Int64 = WallClock.now) throws {
        let folder = kiln.home.evidence.appending("web").appending(name)
        try Files.createDirectory(folder, mode: 0o700)
        let instance = name.split(separator: ".").first ?? ""
        let finding = #"""
            {"kind": "file-changed", "instance": "\#(instance)", "subject": "/www/\u001b]0;x", "weight": "harmful",
            "detail": "has other content", "diff": "@@ line 1 @@\n-version 1\n+de\u001b[31mfaced"}
            """#
        let process = #"""
            {"pid": 7, "parent": 1, "executable": "/bin/sh", "arguments": ["sh", "\u001b[2J\nprocess 8: ls"]}
            """#
        try Files.write(
            #"""
            {"fleet": "web", "instance": "\#(instance)", "time": \#(time), "findings": [\#(finding)],
            "processes": [\#(process)], "omitted": ["/big\u009b"]}
            """#,
            to: folder.appending("evidence.json"),
            mode: 0o600
        )
    }
}
