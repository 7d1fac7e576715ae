import KilnDefinition
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake
@testable import KilnLock

@Suite struct `What a lock update fixes` {
    @Test(arguments: [
        ("changelog.Debian.gz", ["CVE-2024-0002"]), ("changelog.gz", ["CVE-2024-0002"]),
        ("changelog.Debian.all.gz", ["CVE-2024-0002"]), ("NEWS.gz", nil),
    ])
    func `is read from the new package's changelog`(_ name: String, _ fixes: [String]?) async throws {
        try await Sandbox.with { sandbox in
            let old = try await package("1.0-1", name, sandbox)
            let new = try await package("1.0-2", name, sandbox)
            let outcome = LockOutcome(lock: lock(new), replacing: lock(old))
            let note = try #require(try await PatchNotes(home: sandbox.home).notes(on: outcome).first)
            #expect(note.name == "tool" && note.old == "1.0-1" && note.new == "1.0-2")
            #expect(note.hasChangelog == (fixes != nil))
            #expect(note.fixes == fixes ?? [])
        }
    }

    @Test func `says nothing of packages that are new or gone`() async throws {
        try await Sandbox.with { sandbox in
            let outcome = LockOutcome(
                lock: lock(try await package("1", "changelog.gz", sandbox)),
                replacing: nil
            )
            #expect(try await PatchNotes(home: sandbox.home).notes(on: outcome).isEmpty)
        }
    }

    private func lock(_ package: LockedPackage) -> Lock {
        let image = LockedImage(
            request: Digest(of: "request"),
            asked: ["tool"],
            epoch: 1,
            packages: [package]
        )
        return Lock(encoder: EncoderName("zstd-1"), images: [ImageName(trusted: "base"): image])
    }

    private func package(
        _ version: String,
        _ changelog: String,
        _ sandbox: Sandbox
    ) async throws -> LockedPackage {
        let root = "deb-\(version)"
        try sandbox.write(
            "Package: tool\nVersion: \(version)\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n",
            to: "\(root)/DEBIAN/control"
        )
        let text = """
            tool (1.0-2) bookworm; urgency=high

              * Fixes CVE-2024-0002.

            tool (1.0-1) bookworm; urgency=low

              * Fixes CVE-2024-0001.
            """
        let plain = try sandbox.write(text, to: "\(root)/usr/share/doc/tool/log")
        let tools = ToolRunner()
        let packed = try await tools.run(ToolInvocation("gzip", ["-nc", plain.string])).standardOutput
        try Files.write(packed, to: plain.removingLastComponent().appending(changelog))
        let file = sandbox.path.appending("\(root).deb")
        let folder = sandbox.path.appending(root).string
        try await tools.run(
            ToolInvocation("dpkg-deb", ["--build", "--root-owner-group", folder, file.string])
        )
        let bytes = try Files.read(file)
        let digest = Digest(of: bytes)
        let store = PackageStore(home: sandbox.home)
        try Files.createDirectory(sandbox.home.packages)
        try await store.adopt(file, expecting: digest, size: Int64(bytes.count))
        var package = LockedPackage.sample("tool")
        package.version = version
        package.architecture = "all"
        package.size = Int64(bytes.count)
        package.sha256 = digest
        return package
    }
}

@Suite struct `When a change was made` {
    @Test(
        arguments: [
            (" -- A B <a@example.org>  Tue, 05 Sep 2023 18:21:02 +0000", 1_693_938_062),
            (" -- A B <a@example.org>  Tue, 05 Sep 2023 20:21:02 +0200", 1_693_938_062),
            (" -- A <a@example.org>  Tue,  5 Sep 2023 13:51:02 -0430", 1_693_938_062),
            (" -- A <a@example.org>  5 Sep 2023 18:21:02 +0000", 1_693_938_062),
            (" -- A <a@example.org>", nil), (" -- A <a@example.org>  Tue, 05 Foo 2023 18:21:02 +0000", nil),
            (" -- A <a@example.org>  Tue, 05 Sep 2023 18:21 +0000", nil), (" -- no mail", nil),
            (" -- A <a@example.org>  Tue, 99999999999 Sep 2023 18:21:02 +0000", nil),
        ] as [(String, Int64?)]
    )
    func `is read from the end of its entry`(_ line: String, _ time: Int64?) {
        #expect(TrailerDate.time(in: line[...]) == time)
    }

    @Test func `counts from the oldest entry that is missed`() {
        let changelog = Changelog(
            parsing: """
                tool (3) x; urgency=low

                  * Three.

                 -- A <a@example.org>  Thu, 01 Jan 1970 00:00:30 +0000

                tool (2) x; urgency=low

                 -- A <a@example.org>  Thu, 01 Jan 1970 00:00:20 +0000

                tool (1) x; urgency=low

                 -- A <a@example.org>  Thu, 01 Jan 1970 00:00:10 +0000

                """
        )
        #expect(changelog.entries(after: "1", upTo: "3").map(\.time) == [30, 20])
        #expect(
            changelog.entries(after: "2", upTo: "3").map(\.text) == [
                "\n  * Three.\n\n -- A <a@example.org>  Thu, 01 Jan 1970 00:00:30 +0000\n"
            ]
        )
    }

    @Test func `installed packages are told from those that only left their configuration`() {
        let status = """
            Package: one
            Status: install ok installed
            Version: 1:2.0-1
            Description: it
             Version: 9

            Package: two
            Status: deinstall ok config-files
            Version: 1

            Package: three
            Status: install ok installed
            Version: 3

            """
        #expect(InstalledPackages.parse(status) == ["one": "1:2.0-1", "three": "3"])
    }
}
