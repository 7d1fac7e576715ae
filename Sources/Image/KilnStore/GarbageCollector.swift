package import KilnOCI
package import KilnSystem
package import SystemPackage

/// Drops what nothing refers to.
package struct GarbageCollector: Sendable {
    package struct Report: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable {
            case blob
            case layerIndex = "layer index"
            case sealedLayer = "sealed layer"
            case cacheRecord = "cache record"
            case package
            case scratch
        }

        package struct Item: Sendable, Hashable {
            package let kind: Kind
            package let path: FilePath
            /// In bytes.
            package let size: Int64
        }

        /// What was removed, or would be.
        package var items: [Item] = []

        package var size: Int64 { items.reduce(0) { $0 + $1.size } }
    }

    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// Keeps named images, the manifests given (those of releases) and what they need, layers that are mounted, and the packages
    /// given; removes the rest, and what crashes left in scratch. Waits until nothing uses the store.
    @discardableResult
    package func collect(
        roots: Set<Digest>,
        packages: Set<Digest>,
        dryRun: Bool = false,
        onWait: () -> Void = {}
    ) async throws -> Report {
        let sweep = { () async throws -> Report in
            try await Blocking.run {
                let marks = try Marks(home: home, roots: roots)
                let report = Report(items: try unreferenced(marks, packages: packages))
                if !dryRun { for item in report.items { try Files.remove(item.path) } }
                return report
            }
        }
        let lock = StoreLock(home)
        return dryRun
            ? try await lock.shared(onWait: onWait) { try await sweep() }
            : try await lock.exclusive(onWait: onWait) { try await sweep() }
    }

    private func unreferenced(_ marks: Marks, packages: Set<Digest>) throws -> [Report.Item] {
        let images = ImageStore(home: home)
        let blobs = try items(.blob, in: images.blobs) { !marks.blobs.contains($0) }
        let gone = Set(blobs.compactMap { $0.path.lastComponent?.string })
        let layers = try items(.sealedLayer, in: home.layers) { name in
            !marks.layerNames.contains(name.split(separator: ".").first.map(String.init) ?? name)
        }
        let records = try items(.cacheRecord, in: home.cache) { name in
            isStale(home.cache.appending(name), gone: gone)
        }
        let kept = Set(packages.map(\.hex))
        return blobs
            + layers.map { item in
                let isIndex = item.path.extension == "index"
                return Report.Item(kind: isIndex ? .layerIndex : item.kind, path: item.path, size: item.size)
            }
            + records
            + (try items(.package, in: home.packages) { !kept.contains($0) })
            + (try items(.scratch, in: home.scratch) { _ in true })
    }

    private func items(
        _ kind: Report.Kind,
        in directory: FilePath,
        _ isUnreferenced: (String) -> Bool
    ) throws -> [Report.Item] {
        try Files.list(directory).filter(isUnreferenced).map { name in
            let path = directory.appending(name)
            return Report.Item(kind: kind, path: path, size: try size(of: path))
        }
    }

    private func size(of path: FilePath) throws -> Int64 {
        guard let facts = Files.facts(path) else { return 0 }
        guard facts.kind == .directory else { return facts.size }
        return try Files.list(path).reduce(0) { $0 + (try size(of: path.appending($1))) }
    }

    /// Whether a cache record's blobs are all gone.
    private func isStale(_ path: FilePath, gone: Set<String>) -> Bool {
        guard let bytes = try? Files.read(path),
            let layer = try? CanonicalJSON.decode(CachedLayer.self, from: bytes)
        else { return true }
        let images = ImageStore(home: home)
        return layer.blobs.values.allSatisfy { gone.contains($0.digest.hex) || !images.hasBlob($0) }
    }
}

/// What is needed.
private struct Marks {
    /// Hex digits.
    private(set) var blobs: Set<String> = []
    /// Short names.
    private(set) var layerNames: Set<String> = []

    init(home: KilnHome, roots: Set<Digest>) throws {
        let images = ImageStore(home: home)
        let named = try images.readIndex().manifests.map(\.digest)
        for digest in roots.union(named) where images.hasBlob(digest) {
            blobs.insert(digest.hex)
            let manifest = try images.manifest(digest).value
            blobs.insert(manifest.config.digest.hex)
            blobs.formUnion(manifest.layers.map(\.digest.hex))
            guard images.hasBlob(manifest.config.digest) else { continue }
            layerNames.formUnion(try images.config(manifest).value.rootfs.diffIDs.map(\.short))
        }
        layerNames.formUnion(try Self.mountedLayers(of: home))
    }

    /// Compared as files, since a path may be written in many ways.
    private static func mountedLayers(of home: KilnHome) throws -> [String] {
        let mounted = try MountTable.current().entries.filter { $0.type == "erofs" }
            .compactMap { Files.facts(backingFile(of: $0.source), followingSymlinks: true) }
        return try Files.list(home.layers).filter { name in
            guard let facts = Files.facts(home.layers.appending(name)) else { return false }
            return mounted.contains { $0.inode == facts.inode && $0.device == facts.device }
        }
        .compactMap { FilePath($0).stem }
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
