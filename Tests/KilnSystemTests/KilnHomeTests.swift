import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The home` {
    @Test func `behind a symlink is the home that it leads to`() async throws {
        try await Sandbox.with { sandbox in
            let real = sandbox.path.appending("real")
            try Files.createDirectory(real)
            let link = sandbox.path.appending("link")
            try await ToolRunner().run(ToolInvocation("ln", ["-s", "real", link.string]))
            for place in ["home", "not/yet/there", "x/../home", "."] {
                let home = KilnHome(root: link.pushing(FilePath(place)))
                #expect(home == KilnHome(root: real.pushing(FilePath(place)).lexicallyNormalized()))
                #expect(home.root.starts(with: real))
            }
            let home = KilnHome(environment: ["KILN_HOME": link.pushing("home").string], userID: 0)
            #expect(home.root == real.appending("home"))
            try Files.createDirectory(home.scratch)
            try Mounts.mount("tmpfs", at: home.scratch, type: "tmpfs")
            #expect(try MountTable.current().isMounted(home.scratch))
            try Mounts.unmountAll(under: home.root)
            #expect(try !MountTable.current().isMounted(home.scratch))
        }
    }

    @Test func `keeps its folders to itself, those of an earlier version too`() async throws {
        try await Sandbox.with { sandbox in
            try Files.createDirectory(sandbox.home.layers, mode: 0o755)
            for folder in [sandbox.home.layers, sandbox.home.images] {
                try sandbox.home.makePrivate(folder)
                #expect(Files.facts(folder)?.mode == 0o700)
            }
        }
    }
}
