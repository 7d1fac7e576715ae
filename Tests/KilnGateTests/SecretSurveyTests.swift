import KilnArchive
import KilnGate
import KilnInventory
import KilnOCI
import KilnSecrets
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Secrets in an image` {
    @Test func `are found in a store, a layout and an archive alike, also when a later layer removes them`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let image = try await Self.image(sandbox)
            let layout = sandbox.home.images
            let archive = sandbox.path.appending("layout.tar")
            try await ToolRunner().run(
                ToolInvocation("tar", ["-cf", archive.string, "-C", layout.string, "."])
            )
            let home = KilnHome(root: sandbox.path.appending("fresh"))
            let targets: [InventoryTarget] = [.layout(layout, tag: "shop"), .archive(archive)]
            let stored = try await Self.survey(.image(image.digest.description), sandbox.home)
            #expect(stored.secrets.map(\.layer) == [0])
            #expect(stored.secrets.first?.finding.path == "root/key.pem")
            for target in targets {
                #expect(try await Self.survey(target, home) == stored, "\(target)")
                #expect(try await Self.survey(target, home) == stored, "\(target), from what was kept")
            }
        }
    }

    @Test func `are not told of a layer that is not what the image says`() async throws {
        try await Sandbox.with { sandbox in
            let image = try await Self.image(sandbox)
            let store = ImageStore(home: sandbox.home)
            let layers = try store.manifest(image.digest).value.layers
            let other = try Files.read(store.blobPath(layers[1].digest), limit: 1 << 20)
            try Files.write(other, to: store.blobPath(layers[0].digest))
            let home = KilnHome(root: sandbox.path.appending("fresh"))
            await #expect(throws: ArchiveError.self) {
                try await Self.survey(.layout(sandbox.home.images, tag: "shop"), home)
            }
            let kept = try? Files.list(home.cache.appending("secrets"))
            #expect(kept?.isEmpty ?? true)
        }
    }

    private static func survey(_ target: InventoryTarget, _ home: KilnHome) async throws -> SecretSurvey {
        try await ImageScan.read(target, home: home, database: nil).secrets
    }

    /// One with a private key in its first layer, and without it in the second.
    private static func image(_ sandbox: Sandbox) async throws -> Descriptor {
        let key = sandbox.path.appending("key.pem")
        try await ToolRunner().run(
            ToolInvocation("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key.string])
        )
        let bytes = try Files.read(key, limit: 1 << 16)
        let store = ImageStore(home: sandbox.home)
        try store.prepare()
        var layers: [WrittenLayer] = []
        for (name, content) in [("root/key.pem", bytes), ("root/.wh.key.pem", [])] {
            layers.append(
                try await store.ingestLayer(encoding: .standard) { writer in
                    let kind = TarEntry.Kind.file(size: Int64(content.count))
                    try writer.append(TarEntry(path: name, kind: kind, mode: 0o600), content: content)
                }
            )
        }
        let config = ImageConfig(platform: .host, diffIDs: layers.map(\.diffID))
        let blob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: layers.map(\.descriptor))
        let descriptor = try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
        try await store.tag("shop", descriptor)
        return descriptor
    }
}
