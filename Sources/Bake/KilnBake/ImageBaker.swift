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
    /// Bytes that layers held when they were made before, as far as that matters.
    var knownSizes: [CacheKey: Int64] = [:]
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
                log: OutputLog(
                    home: home,
                    image: image.name,
                    layer: index + 1,
                    kind: layer.kind,
                    isProof: conditions != .ordinary
                )
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
            ownLayers: layers.count - (parent?.layers ?? base?.layers ?? []).count,
            base: base,
            ancestry: assembler.ancestry,
            elapsed: start.duration(to: .now)
        )
    }

    /// Which layer of which image, and what goes with that.
    struct LayerPlace {
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
