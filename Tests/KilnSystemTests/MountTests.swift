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
}
