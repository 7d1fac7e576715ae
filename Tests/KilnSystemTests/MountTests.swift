import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Mount table` {
    @Test func `an escaped target is read back`() throws {
        let line = #"36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"#
        let entry = try #require(MountTable(parsing: line).entries.first)
        #expect(entry.target == "/mnt 2")
        #expect(entry.type == "ext3")
        #expect(entry.root == "/mnt1")
    }

    @Test func `everything below a path is unmounted, through a symlink too`() async throws {
        try await Sandbox.with { sandbox in
            let real = sandbox.path.appending("real")
            let link = sandbox.path.appending("link")
            try Files.createDirectory(real.appending("a"))
            try await ToolRunner().run(ToolInvocation("ln", ["-s", "real", link.string]))
            try Mounts.mount("tmpfs", at: link.appending("a"), type: "tmpfs")
            try Files.createDirectory(link.pushing("a/b"))
            try Mounts.mount("tmpfs", at: link.pushing("a/b"), type: "tmpfs")
            try Mounts.mount("tmpfs", at: link.pushing("a/b"), type: "tmpfs")
            let table = try MountTable.current()
            #expect(table.isMounted(link.appending("a")))
            #expect(table.under(link).count == 3)
            #expect(table.under(sandbox.path.appending("rea")).isEmpty)
            try Mounts.unmountAll(under: link)
            #expect(try MountTable.current().under(real).isEmpty)
            try Mounts.unmountAll(under: link)
        }
    }

    @Test func `what another process mounts, remounts and unmounts is seen at once`() async throws {
        try await Sandbox.with { sandbox in
            let target = sandbox.path.appending("a").resolved
            try Files.createDirectory(target)
            func entry() throws -> MountEntry? {
                try MountTable.current().entries.first { $0.target == target }
            }
            func run(_ tool: String, _ arguments: String...) async throws {
                try await ToolRunner().run(ToolInvocation(tool, arguments))
            }
            for _ in 1...20 {
                #expect(try entry() == nil)
                try await run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", target.string)
                #expect(try entry()?.options.contains("rw") == true)
                try await run("mount", "-o", "remount,bind,ro", target.string)
                #expect(try entry()?.options.contains("ro") == true)
                try await run("mount", "-o", "remount,size=2m", target.string)
                #expect(try entry()?.superOptions.contains("size=2048k") == true)
                try await run("umount", target.string)
            }
        }
    }
}
