import Glibc
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Bakes one image: its own layers, one on the other, then its configuration.
struct ImageBaker: Sendable {
    let definition: Definition
    let inputs: BakeInputs
    let home: KilnHome
    let encoding: LayerEncoding
    let workspace: BakeWorkspace
    let bases: BaseLayers
    /// What images stand on that stand on a registry's.
    let baseImages: [ImageName: BaseImage]
    /// Layers to make anew although the cache has them.
    var anew: Set<CacheKey> = []
    var inspector: (any SandboxInspector)?
    let conditions: BakeConditions
    let movedClocks: MovedClocks
    /// For the steps that will run.
    var secrets: [CacheKey: [SecretValue]] = [:]

    func bake(_ image: PlannedImage, on parent: BakedImage?) async throws -> BakedImage {
        let start = BootInstant.now
        let written = try definition.imageToBake(image.name)
        // What lies below came with the parent and is nothing that this image had to make.
        let base = baseImages[image.name] ?? parent?.base
        var layers = parent?.layers ?? base?.layers ?? []
        for (index, layer) in image.layers.enumerated() {
            try Task.checkCancellation()
            let work = image.work(on: index)
            let place = LayerPlace(
                image: image.name,
                work: work,
                log: OutputLog(home: home, image: image.name, layer: index + 1, kind: layer.kind)
            )
            let baked = try await bake(layer, at: place, written, on: layers)
            if !baked.isEmptyHardening { layers.append(baked) }
        }
        let assembler = ImageAssembler(
            name: image.name,
            image: definition.resolvedImage(image.name),
            layers: layers,
            created: image.created,
            parent: parent,
            base: base
        )
        let (manifest, imageID) = try await assembler.store(in: ImageStore(home: home))
        return BakedImage(
            name: image.name,
            manifest: manifest,
            imageID: imageID,
            layers: layers,
            base: base,
            elapsed: start.duration(to: .now)
        )
    }

    /// Which layer of which image, and what goes with that.
    private struct LayerPlace {
        let image: ImageName
        let work: WorkID
        let log: OutputLog
        let watch = LayerStopwatch()
    }

    private func bake(
        _ layer: PlannedLayer,
        at place: LayerPlace,
        _ image: ImageDefinition,
        on below: [BakedLayer]
    ) async throws -> BakedLayer {
        let (name, work) = (place.image, place.work)
        let title = layer.operation.title(wanted: image.packages)
        Progress.report(
            .started(work, label: "\(name): \(layer.operation.label(wanted: image.packages))", total: nil)
        )
        func baked(_ diffID: DiffID, _ blob: Descriptor, isCached: Bool) -> BakedLayer {
            Progress.report(.finished(work, cached: isCached, detail: diffID.short))
            return BakedLayer(
                kind: layer.kind,
                diffID: diffID,
                blob: blob,
                isCached: isCached,
                title: title,
                label: layer.operation.label(wanted: image.packages),
                timings: place.watch.timings
            )
        }
        let cache = BakeCache(home: home, encoding: encoding)
        let known = cache.lookup(layer)
        if let known, !anew.contains(layer.key) {
            warnOfOtherTar(layer, at: image.spans["from"] ?? image.span)
            return baked(known.diffID, known.blob, isCached: true)
        }
        do {
            let written = try await make(layer, at: place, image, on: below)
            if let device = written.index.firstDevice { throw BakeError.device(device, in: name) }
            if let known, known.diffID != written.diffID {
                warnOfOtherBits(layer, of: name, known.diffID, written)
            }
            try cache.record(layer, written)
            return baked(written.diffID, written.descriptor, isCached: false)
        } catch {
            Progress.report(.failed(work))
            throw error
        }
    }

    private func make(
        _ layer: PlannedLayer,
        at place: LayerPlace,
        _ image: ImageDefinition,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let (name, work) = (place.image, place.work)
        let containers = ContainerRunner(
            home: home,
            log: place.log,
            inspector: inspector,
            conditions: conditions,
            movedClocks: movedClocks
        )
        switch layer.operation {
        case .packages(let packages, let fresh, let debconf):
            var installer = PackageInstaller(
                image: name,
                packages: packages,
                fresh: fresh,
                debconf: debconf,
                epoch: layer.epochs.own,
                span: image.spans["packages"] ?? image.span,
                file: { [home] in PackageStore(home: home).path($0.sha256) },
                containers: containers
            )
            installer.isReversed = conditions.isReversed
            let ready = installer
            return try await run(layer, on: below, place.watch, expecting: ready.expectedSize) {
                try await ready.install(into: $0, work: work)
            }
        case .step(let step) where step.program == .playbook:
            let runner = AnsibleRunner(
                step: step,
                image: name,
                inputs: inputs.trees,
                epoch: layer.epochs.own,
                containers: containers,
                secrets: try values(of: step, for: layer)
            )
            return try await run(layer, on: below, place.watch) {
                try await runner.run(in: $0, work: work)
            } check: {
                try SecretScan(runner.secrets).check($0, after: step)
            }
        case .step(let step):
            let runner = StepRunner(
                step: step,
                image: name,
                inputs: inputs.trees,
                epoch: layer.epochs.own,
                containers: containers,
                secrets: try values(of: step, for: layer)
            )
            return try await run(layer, on: below, place.watch) {
                try await runner.run(in: $0, work: work)
            } check: {
                try SecretScan(runner.secrets).check($0, after: step)
            }
        case .downloads(let downloads, let owners):
            return try await place.watch.time(.write) {
                try await write(downloads, owners, layer, on: below)
            }
        case .files(let users, let files):
            return try await place.watch.time(.write) { try await write(users, files, layer, on: below) }
        case .tar(let tar):
            return try await place.watch.time(.write) {
                try await write(tar, at: image.spans["from"] ?? image.span)
            }
        case .hardening(let hardening):
            return try await place.watch.time(.write) { try await write(hardening, on: below) }
        }
    }

    private func values(of step: StepDefinition, for layer: PlannedLayer) throws -> [SecretValue] {
        if step.secrets.isEmpty { return [] }
        guard let values = secrets[layer.key] else { throw BakeError.missingIndex() }
        return values
    }

    /// A layer that commands make in a mounted root; `check` looks at its tree before it is written.
    private func run(
        _ layer: PlannedLayer,
        on below: [BakedLayer],
        _ watch: LayerStopwatch,
        expecting size: Int64? = nil,
        _ body: (BakeRoot) async throws -> Void,
        check: @escaping @Sendable (_ tree: FilePath) throws -> Void = { _ in }
    ) async throws -> WrittenLayer {
        let root = try root(of: below)
        let sealed = try await watch.time(.seal) {
            var sealed: [SealedLayer] = []
            for layer in below { sealed.append(try await bases.layer(layer)) }
            return sealed
        }
        return try await BakeRoot.with(
            sealed,
            expecting: size,
            in: workspace,
            conditions: conditions
        ) { root in
            try await watch.time(.run) { try await body(root) }
        } upper: { upper, made in
            let tree = LayerTree(root: upper, below: root)
            let epochs = layer.epochs.made(in: made)
            try await Blocking.run {
                try watch.time(.normalize) {
                    try Normalizer.normalize(tree, epochs)
                    try check(tree.root)
                }
            }
            return try await watch.time(.write) {
                try await ImageStore(home: home).ingestLayer(encoding: encoding) { writer in
                    try LayerDiff.write(
                        tree: tree.root,
                        form: .overlayUpper,
                        epoch: epochs.own,
                        made: epochs.made,
                        to: &writer
                    )
                }
            }
        }
    }

    /// What the layers below show as one tree.
    private func root(of layers: [BakedLayer]) throws -> RootIndex {
        guard let root = try LayerIndexes(home: home).root(of: layers.map(\.diffID)) else {
            throw BakeError.missingIndex()
        }
        return root
    }

    /// A layer of users and files, which needs neither root nor a mount.
    private func write(
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
    private func write(
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
    private func write(
        _ downloads: [PlannedDownload],
        _ owners: [UserDefinition],
        _ layer: PlannedLayer,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let store = PackageStore(home: home)
        var files: [FileDefinition] = []
        var inputs: [FilePath: InputTree] = [:]
        var spools: [FilePath] = []
        defer { for spool in spools { try? Files.remove(spool) } }
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
    private func write(_ tar: LockedTar, at span: SourceSpan?) async throws -> WrittenLayer {
        let location = try location(of: tar, at: span)
        let spool = try workspace.makeFolder()
        defer { try? Files.remove(spool) }
        let items = try await Blocking.run {
            try TarLayer.items(of: tar, from: location, spool: spool, at: span)
        }
        return try await write(items)
    }

    /// Where the tar is, when a file of its size is there.
    private func location(of tar: LockedTar, at span: SourceSpan?) throws -> FilePath {
        let location = definition.location(of: FilePath(tar.path))
        guard let facts = Files.facts(location, followingSymlinks: true), facts.kind == .file else {
            throw BakeError.missingInput(FilePath(tar.path), at: span)
        }
        guard facts.size == tar.size else { throw BakeError.tarChanged(tar.path, at: span) }
        return location
    }

    /// The layer of an earlier bake is the lock's all the same; that the file beside the definition is another one by
    /// now should not come as a surprise later. Looks at the size only.
    private func warnOfOtherTar(_ layer: PlannedLayer, at span: SourceSpan?) {
        guard case .tar(let tar) = layer.operation else { return }
        do {
            _ = try location(of: tar, at: span)
        } catch {
            for var warning in error.asDiagnostics {
                warning.severity = .warning
                Progress.report(.diagnostic(warning))
            }
        }
    }

    /// The same inputs gave other bits: nobody can prove what such a layer was made of.
    private func warnOfOtherBits(
        _ layer: PlannedLayer,
        of image: ImageName,
        _ before: DiffID,
        _ written: WrittenLayer
    ) {
        let what = layer.operation.stepName.map { "step \($0)" } ?? "the \(layer.kind.rawValue) layer"
        Progress.report(
            .diagnostic(
                Diagnostic(
                    .warning,
                    code: "bake.not-reproducible",
                    "\(what) of image \"\(image)\" is not reproducible: "
                        + "made anew from the same inputs it is \(written.diffID.short) instead of \(before.short)",
                    hint: "kiln image verify \(image) shows which files differ; "
                        + "what was baked on the layer before still stands on the old one"
                )
            )
        )
    }

    private func write(_ items: [LayerItem]) async throws -> WrittenLayer {
        let written = try await ImageStore(home: home).ingestLayer(encoding: encoding) { writer in
            try LayerItem.write(items, to: &writer)
        }
        try LayerItem.check(items, against: written.index)
        return written
    }
}

extension PlannedImage {
    /// Names the making of the layer at this index.
    func work(on index: Int) -> WorkID {
        WorkID("bake/\(name)/\(index + 1)-\(layers[index].kind.rawValue)")
    }
}

extension LayerIndex {
    fileprivate var firstDevice: String? {
        entries.first { entry in
            switch entry.kind {
            case .characterDevice, .blockDevice: true
            default: false
            }
        }?.path
    }
}
