import Glibc
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

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

    /// A folder, and a file that may not be run, are passed over.
    @Test func `a tool is found in the first folder of its own PATH that has it`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("#!/bin/sh\necho never\n", to: "locked/tool", mode: 0o644)
            try Files.createDirectory(sandbox.path.pushing("folder/tool"))
            try sandbox.write("#!/bin/sh\necho found\n", to: "first/tool", mode: 0o755)
            try sandbox.write("#!/bin/sh\necho later\n", to: "second/tool", mode: 0o755)
            let folders = ["missing", "locked", "folder", "first", "second"]
            let path = folders.map { sandbox.path.appending($0).string }.joined(separator: ":")
            let output = try await ToolRunner().run(ToolInvocation("tool", environment: ["PATH": path]))
            #expect(output.text == "found\n")
        }
    }

    @Test func `whoever reads what a tool should write sees the end, though it is missing`() async throws {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        defer { close(ends[0]) }
        let error = await #expect(throws: ToolError.self) {
            try await ToolRunner().run(
                ToolInvocation("no-such-tool-here"),
                writingTo: FileDescriptor(rawValue: ends[1])
            )
        }
        #expect(error?.diagnostics.first?.code == "tool.missing")
        var byte: UInt8 = 0
        #expect(read(ends[0], &byte, 1) == 0)
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

    @Test func `too much output is told as that`() async throws {
        let error = await #expect(throws: ToolError.self) {
            try await ToolRunner(outputLimit: 1000).run(ToolInvocation("seq", ["100000"]))
        }
        let diagnostic = try #require(error?.diagnostics.first)
        #expect(diagnostic.code == "tool.output")
        #expect(diagnostic.message == "seq was ended: its output is longer than 1000 bytes")
    }

    @Test func `a log that cannot be opened is named`() async throws {
        let error = await #expect(throws: SystemError.self) {
            try await ToolRunner().runDetaching(ToolInvocation("true"), log: "/no/such/folder/log")
        }
        #expect(error?.diagnostics.first?.message == "cannot open /no/such/folder/log")
    }

    @Test func `a cancelled tool ends with what it started, and did not fail`() async throws {
        try await Sandbox.with { sandbox in
            let note = sandbox.path.appending("pids")
            let script = "sleep 300 & echo $$ $! > \(note).new; mv \(note).new \(note); wait"
            let run = Task { try await ToolRunner().run(ToolInvocation("sh", ["-c", script])) }
            try await eventually("the tool has started its own") { Files.exists(note) }
            let pids = try Files.readText(note).split { $0 == " " || $0 == "\n" }.compactMap { Int32($0) }
            #expect(pids.count == 2)
            run.cancel()
            await #expect(throws: CancellationError.self) { try await run.value }
            try await eventually("both are gone") { !pids.contains(where: isAlive) }
        }
    }

    /// A process that ended and that nobody has waited for yet is not alive.
    private func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? Files.readText(FilePath("/proc/\(pid)/stat")) else { return false }
        return stat.split(separator: ")").last?.hasPrefix(" Z") == false
    }
}
