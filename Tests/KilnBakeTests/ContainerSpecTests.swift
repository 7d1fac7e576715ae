import Glibc
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `What a bake's container is given` {
    @Test func `has limits`() throws {
        let spec = BakeContainer(arguments: ["true"], epoch: 0).spec(root: "/root", id: "id")
        let sizes = spec.mounts.filter { $0.type == "tmpfs" }.map { mount in
            mount.options.contains { $0.hasPrefix("size=") }
        }
        #expect(sizes == [true, true, true, true, true])
        let json = String(decoding: try CanonicalJSON.encode(spec), as: UTF8.self)
        #expect(
            json.contains(#""resources":{"devices":[{"access":"rwm","allow":false}],"pids":{"limit":4096}}"#)
        )
    }

    /// A link that one input brings is no way for another's files.
    @Test func `puts no input where a link leads`() async throws {
        try await Sandbox.with { sandbox in
            let outside = sandbox.path.appending("outside")
            let staged = sandbox.path.appending("staged")
            for folder in [outside, staged] { try Files.createDirectory(folder) }
            try sandbox.write("x", to: "a/l/x")
            symlink("../../outside", sandbox.path.pushing("a/link").string)
            var digester = InputDigester(now: 0)
            let staging = InputStaging(epoch: 0)
            let folder = StagingFolder(path: staged)
            try await staging.copy(digester.digest(sandbox.path.appending("a")), to: "a", in: folder)
            let input = try digester.digest(sandbox.path.pushing("a/l/x"))
            for target: FilePath in ["a/link/x", "a/link", "../outside/x"] {
                await #expect(throws: SystemError.self) {
                    try await staging.copy(input, to: target, in: folder)
                }
            }
            #expect(try Files.list(outside) == [])
        }
    }
}
