import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnStore
import KilnSystem
import SystemPackage

/// The layers that are written as they are, and need neither root nor a mount.
extension ImageBaker {
    /// What the layers below show as one tree.
    func root(of layers: [BakedLayer]) throws -> RootIndex {
        guard let root = try LayerIndexes(home: home).root(of: layers.map(\.diffID)) else {
            throw BakeError.missingIndex()
        }
        return root
    }

    /// A layer of users and files, which needs neither root nor a mount.
    func write(
        _ users: [UserDefinition],
        _ files: [FileDefinition],
        _ layer: PlannedLayer,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let items = try FilesLayer.items(
            below: try root(of: below),
            users: users,
            files: files,
            inputs: inputs.trees,
            epochs: layer.epochs
        )
        return try await write(items)
    }

    /// The profile `hardened`, which needs neither root nor a mount.
    func write(
        _ hardening: HardeningDefinition,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let layer = HardeningLayer(below: try root(of: below), hardening: hardening)
        let spool = try workspace.makeFolder()
        defer { try? Files.remove(spool) }
        let items = try await Blocking.run { [home] in
            let contents = try LayerContents(home: home).read(layer.wanted, from: below, into: spool)
            return try layer.items(contents) { try Files.readText($0) }
        }
        return try await write(items)
    }

    /// A layer of downloads, out of the store, which needs neither root nor a mount.
    func write(
        _ downloads: [PlannedDownload],
        _ owners: [UserDefinition],
        _ layer: PlannedLayer,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let store = PackageStore(home: home)
        var files: [FileDefinition] = []
        var inputs: [FilePath: InputTree] = [:]
        var spools: [FilePath] = []
        defer { for spool in spools { try? Files.remove(spool, unlocking: true) } }
        for download in downloads {
            let definition = download.definition
            try await store.verify(download.locked.sha256, size: download.locked.size)
            let spool = try workspace.makeFolder()
            spools.append(spool)
            let tree = DownloadTree(download: download, store: store, spool: spool)
            // A target is one download's only.
            let source = FilePath(definition.target)
            inputs[source] = try await Blocking.run { try tree.input() }
            files.append(
                FileDefinition(
                    source: source,
                    target: definition.target,
                    owner: definition.owner,
                    mode: definition.mode,
                    span: definition.span
                )
            )
        }
        let items = try FilesLayer.items(
            below: try root(of: below),
            users: [],
            owners: owners,
            files: files,
            inputs: inputs,
            epochs: layer.epochs
        )
        return try await write(items)
    }

    /// The root file system of `from: tar:`.
    func write(_ tar: LockedTar, at span: SourceSpan?) async throws -> WrittenLayer {
        let location = try location(of: tar, at: span)
        let spool = try workspace.makeFolder()
        defer { try? Files.remove(spool) }
        let items = try await Blocking.run {
            try TarLayer.items(of: tar, from: location, spool: spool, at: span)
        }
        return try await write(items)
    }

    /// Where the tar is, when a file of its size is there.
    func location(of tar: LockedTar, at span: SourceSpan?) throws -> FilePath {
        let location = definition.location(of: FilePath(tar.path))
        guard let facts = Files.facts(location, followingSymlinks: true), facts.kind == .file else {
            throw BakeError.missingInput(FilePath(tar.path), at: span)
        }
        guard facts.size == tar.size else { throw BakeError.tarChanged(tar.path, at: span) }
        return location
    }

    private func write(_ items: [LayerItem]) async throws -> WrittenLayer {
        let written = try await ImageStore(home: home).ingestLayer(encoding: encoding) { writer in
            try LayerItem.write(items, to: &writer)
        }
        try LayerItem.check(items, against: written.index)
        return written
    }
}
