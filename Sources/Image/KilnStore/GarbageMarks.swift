import KilnOCI
import KilnSystem
import SystemPackage

/// What the store needs, and a collection leaves alone.
struct GarbageMarks {
    /// Hex digits.
    private(set) var blobs: Set<String> = []
    /// Short names.
    private(set) var layerNames: Set<String> = []
    /// Manifests that something kept stands on, with whatever they stand on. Not `blobs`, which has them for other reasons too.
    private var ancestors: Set<Digest> = []

    init(home: KilnHome, roots: Set<Digest>) throws {
        let images = ImageStore(home: home)
        var referrers = try images.allReferrers()
        let about = Set(referrers.map(\.descriptor.digest))
        let named = try images.readIndex().manifests.map(\.digest).filter { !about.contains($0) }
        for digest in roots.union(named) { try mark(digest, in: images, home) }
        // What is said of what stays, and of that in turn.
        while let index = referrers.firstIndex(where: { blobs.contains($0.subject.hex) }) {
            try mark(referrers.remove(at: index).descriptor.digest, in: images, home)
        }
        layerNames.formUnion(try Self.mountedLayers(of: home))
    }

    private mutating func mark(_ digest: Digest, in images: ImageStore, _ home: KilnHome) throws {
        guard try Files.isPresent(images.blobPath(digest)) else { return }
        let tree = try images.tree(of: digest)
        blobs.formUnion((tree.indexes.map(\.digest) + tree.others).map(\.hex))
        for entry in tree.manifests { try mark(entry, in: images, home) }
    }

    private mutating func mark(
        _ entry: ManifestTree.Entry,
        in images: ImageStore,
        _ home: KilnHome
    ) throws {
        let digest = entry.descriptor.digest
        blobs.insert(digest.hex)
        blobs.formUnion(entry.parts.map(\.digest.hex))
        blobs.formUnion(try ImageSources(home: home).files(of: digest)?.map(\.digest.hex) ?? [])
        layerNames.formUnion(try images.diffIDs(of: entry).map(\.short))
        try markAncestors(of: entry.manifest, in: images)
    }

    /// What an image stands on keeps its manifest and configuration, which are small and tell its ancestry; its layers are the
    /// image's own.
    private mutating func markAncestors(of manifest: ImageManifest, in images: ImageStore) throws {
        var next = manifest.baseDigest
        while let digest = next, ancestors.insert(digest).inserted,
            let manifest = try images.imageManifest(digest)
        {
            blobs.insert(digest.hex)
            blobs.insert(manifest.config.digest.hex)
            next = manifest.baseDigest
        }
    }

    /// Compared as files, since a path may be written in many ways.
    private static func mountedLayers(of home: KilnHome) throws -> [String] {
        let mounted = try MountTable.current().entries.filter { $0.type == "erofs" }
            .compactMap { Files.facts(backingFile(of: $0.source), followingSymlinks: true) }
        return try Files.list(home.layers).filter { name in
            guard let facts = Files.facts(home.layers.appending(name)) else { return false }
            return mounted.contains { $0.inode == facts.inode && $0.device == facts.device }
        }
        .map(LayerFile.layer)
    }

    /// The file itself, or the one behind a loop device.
    private static func backingFile(of source: String) -> FilePath {
        guard source.hasPrefix("/dev/loop"), let name = FilePath(source).lastComponent else {
            return FilePath(source)
        }
        let file = FilePath("/sys/block").appending(name).appending("loop/backing_file")
        let text = (try? Files.readText(file)) ?? ""
        return FilePath(String(text.prefix { $0 != "\n" }))
    }
}
