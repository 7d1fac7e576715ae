import Testing

@testable import KilnBake

@Suite struct `The order of installation` {
    @Test func `reads what control files say`() throws {
        let control = try #require(
            PackageControl(
                parsing: """
                    Package: bash
                    Essential: yes
                    Pre-Depends: libc6 (>= 2.36), libtinfo6 (>= 6)
                    Depends: base-files (>= 2.1.12),
                     debianutils (>= 5.6-0.1) | other:any
                    Provides: shell (= 1), sh
                    """
            )
        )
        #expect(control.name == "bash")
        #expect(control.isEssential)
        #expect(control.preDepends.map(\.alternatives) == [["libc6"], ["libtinfo6"]])
        #expect(control.depends.map(\.alternatives) == [["base-files"], ["debianutils", "other"]])
        #expect(control.provides == ["shell", "sh"])
        #expect(PackageControl(parsing: "Version: 1") == nil)
    }

    @Test func `tells debconf the answers before anything else where it is installed`() {
        let order = InstallOrder([Self.package("a")], preseeding: .first)
        #expect(order.steps == [.preseed, .unpack(["a"], ignoringDependencies: false), .configurePending])
    }

    @Test func `tells debconf the answers once it is configured, before those that ask`() {
        let packages = [
            Self.package("debconf", depends: "perl"), Self.package("perl"),
            Self.package("tzdata", depends: "debconf"),
        ]
        #expect(
            InstallOrder(packages, preseeding: .withDebconf).steps == [
                .unpack(["debconf", "perl", "tzdata"], ignoringDependencies: false),
                .configure(["debconf", "perl"]), .preseed, .configurePending,
            ]
        )
        var fresh = packages + [Self.package("base", depends: "libc"), Self.package("libc")]
        for index in fresh.indices { fresh[index].isPlain = true }
        fresh[3].isEssential = true
        #expect(
            InstallOrder(fresh, preseeding: .withDebconf).freshStart.steps == [
                .configure(["debconf", "perl"]), .preseed, .configurePending,
            ]
        )
        // Not plain, and no part of what dpkg needs: dpkg unpacks it at the end.
        fresh[1].isPlain = false
        #expect(
            InstallOrder(fresh, preseeding: .withDebconf).freshStart.steps == [
                .configure(["base", "libc"]), .unpack(["perl"], ignoringDependencies: false),
                .configure(["debconf", "perl"]), .preseed, .configurePending,
            ]
        )
    }

    @Test func `is one group without Pre-Depends`() {
        let order = InstallOrder([Self.package("b", depends: "a"), Self.package("a", depends: "b")])
        #expect(order.steps == [.unpack(["a", "b"], ignoringDependencies: false), .configurePending])
    }

    @Test func `configures what is pre-depended on, with all it needs, before the unpacking`() {
        let order = InstallOrder([
            Self.package("app", preDepends: "tool | other"), Self.package("tool", depends: "lib"),
            Self.package("lib"), Self.package("free"),
        ])
        #expect(
            order.steps == [
                .unpack(["free", "lib", "tool"], ignoringDependencies: false), .configure(["lib", "tool"]),
                .unpack(["app"], ignoringDependencies: false), .configurePending,
            ]
        )
    }

    @Test func `follows Pre-Depends through chains and provided names`() {
        let order = InstallOrder([
            Self.package("c", preDepends: "b-feature"),
            Self.package("b", preDepends: "a", provides: ["b-feature"]), Self.package("a"),
        ])
        #expect(
            order.steps == [
                .unpack(["a"], ignoringDependencies: false), .configure(["a"]),
                .unpack(["b"], ignoringDependencies: false), .configure(["b"]),
                .unpack(["c"], ignoringDependencies: false), .configurePending,
            ]
        )
    }

    @Test func `ends for packages that pre-depend on each other`() {
        let order = InstallOrder([
            Self.package("a", preDepends: "b"), Self.package("b", preDepends: "a"), Self.package("c"),
        ])
        let unpacked = order.steps.flatMap {
            if case .unpack(let names, _) = $0 { names } else { [String]() }
        }
        #expect(unpacked.sorted() == ["a", "b", "c"])
    }

    @Test func `of an empty root starts with the Essential packages and what they depend on`() {
        let order = InstallOrder([
            Self.package("dpkg", essential: true, preDepends: "libc"),
            Self.package("libc", depends: "gcc-base"),
            Self.package("gcc-base", plain: true), Self.package("curl", preDepends: "dpkg", depends: "libc"),
            Self.package("doc", plain: true),
        ])
        let start = order.freshStart
        #expect(start.bootstrap == ["dpkg", "gcc-base", "libc"])
        #expect(start.plain == ["doc", "gcc-base"])
        #expect(
            start.steps == [
                .unpack(["dpkg", "libc"], ignoringDependencies: true),
                .configure(["dpkg", "gcc-base", "libc"]), .unpack(["curl"], ignoringDependencies: false),
                .configurePending,
            ]
        )
    }

    @Test func `configures all at once where no script must come earlier`() {
        let order = InstallOrder([
            Self.package("dpkg", essential: true, plain: true), Self.package("curl", plain: true),
        ])
        #expect(order.freshStart.steps == [.configurePending])
    }

    @Test func `does not depend on the order given`() {
        let packages = [
            Self.package("a", preDepends: "z"), Self.package("z"), Self.package("m", depends: "a"),
        ]
        #expect(InstallOrder(packages).steps == InstallOrder(packages.reversed()).steps)
    }

    @Test func `becomes a script that ends with an audit`() {
        let script = InstallScript(steps: [
            .unpack(["dpkg"], ignoringDependencies: true), .configure(["dpkg"]), .configurePending,
        ]).text
        let lines = script.split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["exec 2>&1", "set -e"])
        #expect(lines[3].hasSuffix(" --force-depends --unpack ./dpkg.deb"))
        #expect(lines[4].hasSuffix(" --configure dpkg"))
        #expect(lines[5].hasSuffix(" --configure --pending"))
        #expect(lines[6].contains("dpkg --audit"))
    }

    private static func package(
        _ name: String,
        essential: Bool = false,
        plain: Bool = false,
        preDepends: String = "",
        depends: String = "",
        provides: [String] = []
    ) -> PackageControl {
        PackageControl(
            name: name,
            isEssential: essential,
            preDepends: PackageControl.Relation.list(parsing: preDepends),
            depends: PackageControl.Relation.list(parsing: depends),
            provides: provides,
            isPlain: plain
        )
    }
}
