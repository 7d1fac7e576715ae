import KilnArchive
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

/// A `.deb` from a mirror is checked against its digest; one that a lock pins may be anything all the same.
@Suite struct `Damaged packages` {
    @Test(arguments: 0..<6)
    func `are read, or refused, and nothing lands outside of the root`(seed: Int) async throws {
        try await Sandbox.with { sandbox in
            let good = try await Self.build(sandbox)
            var damage = Damage(seed: seed)
            for round in 0..<12 {
                let bytes = damage.bytes(good)
                let file = sandbox.path.appending("damaged-\(round).deb")
                try Files.write(bytes, to: file, synced: false)
                let package = PackageFile(path: file, tools: ToolRunner())
                do {
                    let archive = try await ControlArchive.read(package)
                    #expect(!archive.control.name.isEmpty)
                } catch is BakeError {
                } catch is ToolError {}
                let root = sandbox.path.appending("root-\(round)")
                try Files.createDirectory(root.appending("in"))
                do {
                    try await package.read(.files) { reader in
                        var unpacker = PackageUnpacker(root: root.appending("in"), conffiles: ["/etc/conf"])
                        try unpacker.unpack(&reader)
                    }
                } catch is BakeError {
                } catch is ToolError {
                } catch is PackageDisagreement {
                } catch is SystemError {}
                #expect(try Files.list(root) == ["in"])
                try Files.remove(file)
            }
            #expect(!Files.exists("/kiln-escaped"))
        }
    }

    /// Uncompressed, so that damage reaches the tars' headers and not only a checksum.
    private static func build(_ sandbox: Sandbox) async throws -> [UInt8] {
        try sandbox.write(
            "Package: tool\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n",
            to: "package/DEBIAN/control"
        )
        try sandbox.write("/etc/conf\n", to: "package/DEBIAN/conffiles")
        try sandbox.write("conf\n", to: "package/etc/conf")
        try sandbox.write("#!/bin/sh\n", to: "package/usr/bin/tool", mode: 0o755)
        let package = sandbox.path.appending("package")
        let deb = sandbox.path.appending("good.deb")
        let script = """
            chmod 755 \(package)/DEBIAN
            ln -s /kiln-escaped \(package)/usr/share; ln \(package)/usr/bin/tool \(package)/usr/bin/other
            dpkg-deb -Znone --root-owner-group --build \(package) \(deb)
            """
        try await ToolRunner().run(ToolInvocation("sh", ["-ec", script]))
        return try Files.read(deb)
    }
}
