import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `A false clock` {
    private static let library = FilePath("/usr/lib/x86_64-linux-gnu/libc.so.6")

    @Test(.enabled(if: FalseClock.installed() != nil && Files.exists(library), "needs libfaketime"))
    func `is for roots with a C library that is new enough`() async throws {
        try await Sandbox.with { sandbox in
            let clock = try #require(FalseClock.installed())
            let root = sandbox.path.appending("root")
            let folder = root.pushing("usr/lib/x86_64-linux-gnu")
            try Files.createDirectory(folder)
            #expect(!clock.isLoadable(in: root))
            try Files.write("an old one: GLIBC_2.2.5 GLIBC_2.17\n", to: folder.appending("libc.so.6"))
            #expect(!clock.isLoadable(in: root))
            try Files.write(try Files.read(Self.library), to: folder.appending("libc.so.6"))
            #expect(clock.isLoadable(in: root))
        }
    }

    @Test(.enabled(if: FalseClock.installed() != nil, "needs libfaketime"))
    func `never looks out of the root`() async throws {
        try await Sandbox.with { sandbox in
            let clock = try #require(FalseClock.installed())
            let root = sandbox.path.appending("root")
            try Files.createDirectory(root.appending("usr"))
            try await ToolRunner().run(
                ToolInvocation("ln", ["-s", "/usr/lib", root.pushing("usr/lib").string])
            )
            #expect(!clock.isLoadable(in: root))
        }
    }
}
