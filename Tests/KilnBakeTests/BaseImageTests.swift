import KilnDefinition
import KilnLock
import KilnOCI
import Testing

@testable import KilnBake
@testable import KilnRegistry

@Suite struct `A registry's image below others` {
    @Test func `is handed down with the index by which it was named`() throws {
        let layer = Descriptor(mediaType: .layerGzip, digest: Digest(of: "layer"), size: 5)
        let config = Descriptor(mediaType: .config, digest: Digest(of: "config"), size: 6)
        let locked = LockedBase(
            image: try ImageReference(parsing: "r.example.org/debian:12"),
            index: Digest(of: "index"),
            digest: Digest(of: "image"),
            size: 7
        )
        let pulled = PulledImage(
            descriptor: Descriptor(mediaType: .manifest, digest: locked.digest, size: 7),
            manifest: ImageManifest(config: config, layers: [layer]),
            config: ImageConfig(platform: .host, diffIDs: [DiffID(of: "layer")])
        )
        let base = BaseImage(locked, pulled)
        let assembler = ImageAssembler(
            name: "shop",
            image: ImageDefinition(origin: .oci(locked.image)),
            layers: base.layers,
            created: 0,
            parent: nil,
            base: base
        )
        let manifest = assembler.manifest(config)
        #expect(manifest.baseDigest == locked.digest)
        #expect(manifest.ancestry == AncestryRecord(digests: [locked.digest, locked.index], isClosed: true))
    }
}
