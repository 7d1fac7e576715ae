import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Reads files out of an image's layers without mounting them.
struct LayerContents: Sendable {
    let home: KilnHome

    /// Puts what the image shows at the paths into files of a folder. Blocks.
    func read(
        _ paths: [String],
        from layers: [BakedLayer],
        into folder: FilePath
    ) throws -> HardeningLayer.Contents {
        var pending = paths.map { PathKey($0) }
        var contents: HardeningLayer.Contents = [:]
        let names = Dictionary(paths.map { (PathKey($0), $0) }, uniquingKeysWith: { first, _ in first })
        for layer in layers.reversed() where !pending.isEmpty {
            guard let index = try LayerIndexes(home: home).load(layer.diffID) else {
                throw BakeError.missingIndex()
            }
            // Where in this layer's tar the content of a path lies, which may be under another name of the file.
            var places: [PathKey: [(path: PathKey, digest: Digest)]] = [:]
            for key in pending {
                guard let entry = index.lookup(names[key] ?? ""), let digest = entry.digest else { continue }
                var place = entry.path
                if case .hardlink(let target, _, _) = entry.kind { place = target }
                places[PathKey(place), default: []].append((key, digest))
            }
            guard !places.isEmpty else { continue }
            for (place, file) in try read(Set(places.keys), of: layer, into: folder) {
                for wish in places[place] ?? [] {
                    guard wish.digest == file.digest else { throw BakeError.missingIndex() }
                    contents[wish.path] = file
                }
            }
            pending.removeAll { contents[$0] != nil }
        }
        return contents
    }

    private func read(
        _ places: Set<PathKey>,
        of layer: BakedLayer,
        into folder: FilePath
    ) throws -> HardeningLayer.Contents {
        let blob = ImageStore(home: home).blobPath(layer.blob.digest)
        var reader = TarReader(try Decompressor(FileSource(blob), limits: .standard))
        var found: HardeningLayer.Contents = [:]
        while found.count < places.count, let entry = try reader.next() {
            try Blocking.checkCancellation()
            let key = PathKey(entry.path)
            guard case .file = entry.kind, places.contains(key) else { continue }
            let path = folder.appending("\(layer.diffID.short)-\(found.count)")
            found[key] = (path, try reader.spool(to: path))
        }
        return found
    }
}
