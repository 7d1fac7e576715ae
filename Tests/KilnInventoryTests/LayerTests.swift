import KilnAdvisories
import KilnInventory
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `An inventory of layers` {
    @Test func `a folder gives the packages of a real dpkg database`() async throws {
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("root")
            try Samples.tree(
                [
                    "etc/os-release": .text(Samples.debian),
                    "var/lib/dpkg/status": .bytes(
                        try Samples.fixture("dpkg-status.bookworm-12.15-server.zst")
                    ),
                ],
                at: root
            )
            let inventory = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(inventory.entries.count == 152)
            #expect(Set(inventory.packages.map { $0.source ?? $0.name }).count == 103)
            #expect(inventory.distribution?.ecosystem == Ecosystem("Debian:12"))
            #expect(inventory.distribution?.endOfLife?.description == "2028-06-10")
            let curl = try #require(inventory.entries.first { $0.package.name == "libcurl4" })
            #expect(curl.package.source == "curl")
            #expect(curl.package.sourceVersion == nil)
            #expect(curl.architecture == "amd64")
            #expect(curl.layer == nil)
            #expect(inventory.notes == [])
        }
    }

    /// pnpm's modules are links to files of a store; whoever wants a package unseen may make one, too.
    @Test func `a link says what stands in its file, whatever that is called and wherever it leads`()
        async throws
    {
        try await Sandbox.with { sandbox in
            try await Samples.image(
                "shop",
                in: ImageStore(home: sandbox.home),
                made: ["packages of shop", "files of shop"],
                layers: [
                    ["a": Samples.dpkg(("a", "1"))],
                    [
                        "app/.store/1": .text(#"{"name": "x", "version": "1.0.0"}"#),
                        "app/node_modules/x/package.json": .alias(of: "app/.store/1"),
                        "app/vendor/node_modules/x/package.json": .alias(of: "app/.store/1"),
                        "b": Samples.dpkg(("b", "2")), "c": .alias(of: "b"),
                        "etc/os-release": .text(Samples.debian), "var/lib/dpkg/status": .alias(of: "c"),
                    ],
                ]
            )
            let found = try await Inventory.read(.image("shop"), home: sandbox.home)
            #expect(found.entries.map { "\($0.package.name) \($0.package.version)" } == ["b 2", "x 1.0.0"])
            #expect(
                found.entries.last?.evidence.map(\.path) == [
                    "app/node_modules/x/package.json", "app/vendor/node_modules/x/package.json",
                ]
            )
            #expect(found.notes == [])
        }
    }

    @Test func `a list of files owns nothing without its package`() async throws {
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("root")
            let module = "app/node_modules/y/package.json"
            func judged(_ package: String) async throws -> [String] {
                try Samples.tree(
                    [
                        "etc/os-release": .text(Samples.debian),
                        "var/lib/dpkg/status": Samples.dpkg((package, "1")),
                        "var/lib/dpkg/info/node-y.list": .text("/\(module)\n"),
                        module: .text(#"{"name": "y", "version": "1.0.0"}"#),
                    ],
                    at: root
                )
                return try await Inventory.read(.root(root), home: sandbox.home).judgedPackages.map(\.name)
            }
            let owned = try await judged("node-y")
            #expect(owned == ["node-y"])
            let unowned = try await judged("other")
            #expect(unowned == ["other", "y"])
        }
    }

    @Test func `a package is told of the layer since which it is there as it is`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let status = "var/lib/dpkg/status"
            let descriptor = try await Samples.image(
                "shop:1",
                in: store,
                made: ["base", "runtime", "app"],
                layers: [
                    ["etc/os-release": .text(Samples.debian), status: Samples.dpkg(("a", "1"), ("b", "1"))],
                    [status: Samples.dpkg(("a", "1"), ("b", "2"), ("c", "1"))],
                    ["opt/shop": .text("x")],
                ]
            )
            let inventory = try await Inventory.read(.image("shop"), home: sandbox.home)
            #expect(
                inventory.entries.map { "\($0.package.name) \($0.package.version) \($0.layer ?? -1)" }
                    == ["a 1 0", "b 2 1", "c 1 1"]
            )
            #expect(inventory.digest == descriptor.digest)
            #expect(
                inventory.entries.map { inventory.layer(of: $0)?.createdBy } == [
                    "base", "runtime", "runtime",
                ]
            )
            #expect(inventory.created?.description == "2026-03-01T00:00:00Z")
            #expect(inventory.unowned.map(\.path).contains("opt/shop"))
        }
    }

    @Test(arguments: [
        ([String: SampleFile](), ["a"]),
        (["var/lib/dpkg/status": .removed], []),
        (["var/lib/dpkg": .removed], []),
        (["var/lib/.wh..wh..opq": .text("")], []),
        ([".wh..wh..opq": .text("")], []),
        (["var/lib/dpkg": .link("elsewhere")], []),
        (["var/lib/dpkg/status": .folder], []),
        (["var/lib/dpkg": .folder], ["a"]),
        (["var/lib/dpk": .removed], ["a"]),
        (["var/lib/dpkg/.wh..wh..opq": .text(""), "var/lib/dpkg/status": Samples.dpkg(("z", "9"))], ["z"]),
    ])
    func `what a layer hides is in no inventory`(
        _ upper: [String: SampleFile],
        _ names: [String]
    ) async throws {
        try await Sandbox.with { sandbox in
            try await Samples.image(
                "shop:1",
                in: ImageStore(home: sandbox.home),
                layers: [["var/lib/dpkg/status": Samples.dpkg(("a", "1"))], upper]
            )
            let inventory = try await Inventory.read(.image("shop:1"), home: sandbox.home)
            #expect(inventory.packages.map(\.name) == names)
        }
    }
}
