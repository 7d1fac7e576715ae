import KilnAdvisories
import KilnInventory
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: RPMFixture.isPossible, "needs rpm and gpg")) struct `Databases of rpm` {
    private func check(_ root: FilePath, _ sandbox: Sandbox) async throws {
        let found = try await Inventory.read(.root(root), home: sandbox.home)
        #expect(found.notes == [])
        #expect(found.entries.map(\.packageURL.description) == RPMFixture.urls)
        #expect(found.entries.map(\.package.version) == ["2:1.4-3", "2:1.4-3"])
        #expect(found.entries.last?.package.source == "shop")
        #expect(
            found.entries.map(\.package.ecosystem) == Array(repeating: Ecosystem("Rocky Linux:9"), count: 2)
        )
        #expect(found.entries.first?.licences == ["MIT and BSD"])
        // Its files come with it, the last as well as the first.
        try Samples.tree(
            ["opt/shop/file-of-a-long-name-300": .text("x"), "opt/shop/mine": .text("x")],
            at: root
        )
        let unowned = try await Inventory.read(.root(root), home: sandbox.home).unowned.map(\.path)
        #expect(unowned.filter { $0.hasPrefix("opt/") } == ["opt/shop/mine"])
    }

    @Test func `in SQLite`() async throws {
        try await Sandbox.with { sandbox in try await check(RPMFixture.root(in: sandbox), sandbox) }
    }

    /// As RHEL 8 and all before it have them; rpm itself says what is in it.
    @Test(
        .enabled(if: RPMFixture.isBerkeleyPossible, "needs db5.3-util"),
        arguments: [(512, 1234), (4096, 1234), (4096, 4321), (65536, 1234)]
    )
    func `in Berkeley DB, of any size of page and order of bytes`(_ pageSize: Int, _ order: Int) async throws
    {
        try await Sandbox.with { sandbox in
            let root = try await RPMFixture.berkeley(pageSize: pageSize, order: order, in: sandbox)
            let query = [
                "--root", root.string, "--dbpath", "/var/lib/rpm", "--define", "_db_backend bdb_ro", "-qa",
            ]
            let said = try await ToolRunner().run(ToolInvocation("rpm", query))
            #expect(said.text.contains("shop-tools-1.4-3.noarch"), "\(said.text)\(said.errorText)")
            try await check(root, sandbox)
        }
    }

    @Test func `in SUSE's form`() async throws {
        try await Sandbox.with { sandbox in try await check(RPMFixture.slots(in: sandbox), sandbox) }
    }

    /// A row's head that ends before it has begun, and many rows that are one.
    @Test(arguments: [([0x80, 0x01, 0, 0], 1), ([4, 0, 0, 0], 140)])
    func `whose rows are not what they say are passed over`(_ row: [UInt8], _ rows: Int) async throws {
        try await Sandbox.with { sandbox in
            var page = [UInt8](repeating: 0, count: 512)
            page.replaceSubrange(0..<16, with: Array("SQLite format 3\u{0}".utf8))
            page[16] = 2
            page[100] = 13
            page[104] = UInt8(rows)
            for cell in 0..<rows {
                page.replaceSubrange((108 + 2 * cell)..<(110 + 2 * cell), with: [1, 0x90])
            }
            page.replaceSubrange(400..<402, with: [UInt8(row.count), 1])
            page.replaceSubrange(402..<(402 + row.count), with: row)
            let root = sandbox.path.appending("root")
            try Samples.tree(["var/lib/rpm/rpmdb.sqlite": .bytes(page)], at: root)
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(found.entries.isEmpty)
            #expect(found.notes.map(\.text) == ["it is damaged"])
        }
    }

    @Test func `that are damaged are passed over`() async throws {
        func bytes(_ name: String, _ make: (Sandbox) async throws -> FilePath) async throws -> [UInt8] {
            try await Sandbox.with {
                try Files.read(try await make($0).appending("var/lib/rpm").appending(name))
            }
        }
        var forms = [
            ("rpmdb.sqlite", try await bytes("rpmdb.sqlite") { try await RPMFixture.root(in: $0) }),
            ("Packages.db", try await bytes("Packages.db") { try await RPMFixture.slots(in: $0) }),
        ]
        if RPMFixture.isBerkeleyPossible {
            let berkeley = try await bytes("Packages") {
                try await RPMFixture.berkeley(pageSize: 512, order: 1234, in: $0)
            }
            forms.append(("Packages", berkeley))
        }
        for (seed, (name, bytes)) in forms.enumerated() {
            let seed = UInt64(31 + seed)
            try await Damage.read(bytes, as: "var/lib/rpm/\(name)", keeping: 100, copies: 60, seed: seed)
        }
    }

    /// What cannot be read is told, whatever its form: nothing looks clean because it was not looked at.
    @Test(arguments: ["rpmdb.sqlite", "Packages", "Packages.db"])
    func `that are cut off are noted`(_ name: String) async throws {
        try await Sandbox.with { sandbox in
            let root =
                switch name {
                case "Packages" where !RPMFixture.isBerkeleyPossible: try await RPMFixture.slots(in: sandbox)
                case "Packages": try await RPMFixture.berkeley(pageSize: 4096, order: 1234, in: sandbox)
                case "Packages.db": try await RPMFixture.slots(in: sandbox)
                default: try await RPMFixture.root(in: sandbox)
                }
            let folder = root.appending("var/lib/rpm")
            let file =
                Files.exists(folder.appending(name))
                ? folder.appending(name) : folder.appending("Packages.db")
            let bytes = try Files.read(file)
            try Files.write(Array(bytes[..<(bytes.count - 5000)]), to: file)
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(found.notes.count == 1, "\(found.notes)")
            #expect(found.notes.first?.path == "var/lib/rpm/\(file.lastComponent?.string ?? "")")
        }
    }

    @Test func `whose last changes are in a log beside them are noted`() async throws {
        func notes(_ log: [UInt8]) async throws -> [InventoryNote] {
            try await Sandbox.with { sandbox in
                let root = try await RPMFixture.root(in: sandbox)
                try Files.write(log, to: root.appending("var/lib/rpm/rpmdb.sqlite-wal"))
                return try await Inventory.read(.root(root), home: sandbox.home).notes
            }
        }
        #expect(try await notes([]) == [])
        #expect(try await notes(Array(repeating: 0, count: 32 + 24 + 4096)).count == 1)
    }
}
