import Glibc
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A network namespace` {
    /// Of each thread of this process.
    private func namespaces() throws -> Set<UInt64> {
        let tasks = try Files.list("/proc/self/task")
        return Set(
            tasks.compactMap {
                Files.facts(FilePath("/proc/self/task/\($0)/ns/net"), followingSymlinks: true)?.inode
            }
        )
    }

    @Test func `is a new one with its loopback interface up, and none of our threads stays in it`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let before = try namespaces()
            var made: Set<UInt64> = []
            for name in ["a", "b"] {
                let file = sandbox.path.appending("netns").appending(name)
                sandbox.onExit { try Mounts.unmountAll(under: file) }
                try await NetworkNamespace.make(at: file)
                made.insert(try #require(Files.facts(file)?.inode))
                let links = try await ToolRunner().run(
                    ToolInvocation("nsenter", ["--net=\(file)", "ip", "-o", "link", "show", "up"])
                )
                #expect(links.text.contains(": lo:"))
                #expect(links.text.split(separator: "\n").count == 1)
            }
            #expect(made.count == 2)
            #expect(made.isDisjoint(with: before))
            #expect(try namespaces() == before)
        }
    }
}
