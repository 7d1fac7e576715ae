import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Small file operations` {
    @Test func `a write replaces the whole file and leaves nothing beside it`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("old and longer", to: "a/b.txt")
            try Files.write("new", to: file, mode: 0o600)
            #expect(try Files.readText(file) == "new")
            #expect(Files.facts(file)?.mode == 0o600)
            #expect(try Files.list(file.removingLastComponent()) == ["b.txt"])
        }
    }

    @Test func `a read past its limit is refused`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("0123456789", to: "f")
            #expect(throws: SystemError.self) { try Files.read(file, limit: 9) }
        }
    }

    @Test func `removing a tree leaves what its symlinks point at`() async throws {
        try await Sandbox.with { sandbox in
            let kept = try sandbox.write("kept", to: "kept/file")
            let tree = sandbox.path.appending("tree")
            try Files.createDirectory(tree.appending("deep/er"))
            try await ToolRunner().run(
                ToolInvocation(
                    "ln",
                    ["-s", kept.removingLastComponent().string, tree.appending("link").string]
                )
            )
            try Files.remove(tree)
            #expect(!Files.exists(tree))
            #expect(Files.exists(kept))
        }
    }

    @Test func `removing a tree never empties what is bound into it`() async throws {
        try await Sandbox.with { sandbox in
            let kept = try sandbox.write("kept", to: "kept/file")
            for place in ["tree/deep/er", "tree"] {
                let target = sandbox.path.pushing(FilePath(place))
                try Files.createDirectory(target)
                try await ToolRunner().run(
                    ToolInvocation("mount", ["--bind", kept.removingLastComponent().string, target.string])
                )
                let error = #expect(throws: SystemError.self) {
                    try Files.remove(sandbox.path.appending("tree"))
                }
                #expect(error?.errno == .resourceBusy)
                #expect(error?.diagnostics.first?.message.hasSuffix("something is mounted there") == true)
                #expect(Files.exists(kept))
                try Mounts.unmountAll(under: target)
            }
            try Files.remove(sandbox.path.appending("tree"))
            #expect(Files.exists(kept))
        }
    }
}

@Suite struct `Running tools` {
    @Test func `a failing tool tells its status, its last words and its command`() async throws {
        let invocation = ToolInvocation("sh", ["-c", "echo it broke >&2; exit 3"])
        let error = await #expect(throws: ToolError.self) { try await ToolRunner().run(invocation) }
        let diagnostic = try #require(error?.diagnostics.first)
        #expect(diagnostic.message == "sh failed: exit status 3")
        #expect(diagnostic.causes == ["it broke"])
        #expect(diagnostic.hint == "the command was: sh -c 'echo it broke >&2; exit 3'")
    }

    @Test func `a missing tool points at doctor`() async throws {
        let error = await #expect(throws: ToolError.self) {
            try await ToolRunner().run(ToolInvocation("no-such-tool-here"))
        }
        #expect(error?.diagnostics.first?.message == "no-such-tool-here is not installed")
    }

    @Test func `input reaches the tool and lines stream out`() async throws {
        let output = try await ToolRunner().run(
            ToolInvocation("tr", ["a-z", "A-Z"], input: Array("kiln".utf8))
        )
        #expect(output.text == "KILN")
        var lines: [String] = []
        let status = try await ToolRunner().stream(ToolInvocation("printf", [#"one\ntwo\n"#])) {
            lines.append($0)
        }
        #expect(status == .exited(0))
        #expect(lines == ["one", "two"])
    }
}
