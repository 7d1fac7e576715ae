package import KilnDefinition
package import KilnLock
package import KilnOCI
import OrderedCollections
package import SystemPackage

/// Turns a definition, its lock and the digests of its inputs into layers with cache keys. Pure.
package struct BakePlanner: Sendable {
    private let definition: Definition
    private let lock: Lock
    /// Content digests of every source, script and step input, by the path as written.
    private let inputs: [FilePath: Digest]
    /// Of images that do not say theirs.
    private let platform: ImagePlatform
    /// The version of the ansible that runs playbooks.
    private let ansible: String?

    package init(
        definition: Definition,
        lock: Lock,
        inputs: [FilePath: Digest],
        platform: ImagePlatform = .host,
        ansible: String? = nil
    ) {
        self.definition = definition
        self.lock = lock
        self.inputs = inputs
        self.platform = platform
        self.ansible = ansible
    }

    /// The plan for the images and all that they stand on; every image of the definition when none is named.
    package func plan(_ names: [ImageName] = []) throws -> BakePlan {
        var planned: [PlannedImage] = []
        for name in try BakeOrder(definition).names(for: names) {
            let image = try definition.imageToBake(name)
            guard let locked = lock.images[name] else { throw BakeError.notLocked(name, at: image.span) }
            let parent = planned.first { image.origin == .image($0.name) }
            let below = try parent.flatMap { try top(of: $0, in: planned) } ?? locked.base.map(key(of:))
            let epochs = LayerEpochs(own: locked.epoch, newest: max(locked.epoch, parent?.created ?? 0))
            planned.append(
                PlannedImage(
                    name: name,
                    parent: parent?.name,
                    layers: try layers(of: image, name, locked, on: below, epochs),
                    created: epochs.newest,
                    base: locked.base
                )
            )
        }
        return BakePlan(images: planned)
    }

    /// The key of the topmost layer of an image, which may be one of an image below it.
    private func top(of image: PlannedImage, in planned: [PlannedImage]) throws -> CacheKey? {
        if let last = image.layers.last { return last.key }
        if let base = image.base { return try key(of: base) }
        guard let parent = planned.first(where: { $0.name == image.parent }) else { return nil }
        return try top(of: parent, in: planned)
    }

    /// What stands for the layers of a registry's image in the keys of those on it.
    private func key(of base: LockedBase) throws -> CacheKey {
        CacheKey(
            Digest(
                of: try CanonicalJSON.encode([
                    "behaviour": BakeBehaviour.version(of: .base), "manifest": base.digest.description,
                ])
            )
        )
    }

    private func layers(
        of image: ImageDefinition,
        _ name: ImageName,
        _ locked: LockedImage,
        on below: CacheKey?,
        _ epochs: LayerEpochs
    ) throws -> [PlannedLayer] {
        var layers: [PlannedLayer] = []
        for operation in try operations(of: image, locked) + hardening(of: name, image, locked) {
            let key = try key(
                of: operation,
                on: layers.last?.key ?? below,
                epoch: epochs.own,
                for: name.platform ?? platform
            )
            layers.append(PlannedLayer(key: key, operation: operation, epochs: epochs))
        }
        return layers
    }

    private func operations(of image: ImageDefinition, _ locked: LockedImage) throws -> [LayerOperation] {
        var operations: [LayerOperation] = []
        if let tar = locked.tar { operations.append(.tar(tar)) }
        if !locked.packages.isEmpty {
            let fresh = if case .archive = image.origin { true } else { false }
            let packages = locked.packages.sorted { $0.name < $1.name }
            operations.append(.packages(packages, fresh: fresh, debconf: image.debconf))
        }
        if !image.downloads.isEmpty {
            let owners = Set(image.downloads.map(\.owner))
            operations.append(
                .downloads(
                    try image.downloads.map { try PlannedDownload($0, in: locked) },
                    owners: image.users.filter { owners.contains($0.name) }
                )
            )
        }
        if !image.users.isEmpty || !image.files.isEmpty {
            operations.append(.files(image.users, image.files))
        }
        for step in image.steps {
            try step.checkInputs()
            operations.append(.step(step))
        }
        return operations
    }

    /// The profile, once more wherever something was added since, or it goes further than below.
    private func hardening(
        of name: ImageName,
        _ image: ImageDefinition,
        _ locked: LockedImage
    ) throws -> [LayerOperation] {
        let resolved = definition.resolvedImage(name)
        guard resolved.profile == .hardened else { return [] }
        let below = image.parent.map(definition.resolvedImage)
        let isNew = below?.profile != .hardened || below?.hardening != resolved.hardening
        let addsNothing = try operations(of: image, locked).isEmpty
        return isNew || !addsNothing ? [.hardening(resolved.hardening)] : []
    }

    private func key(
        of operation: LayerOperation,
        on parent: CacheKey?,
        epoch: Int64,
        for platform: ImagePlatform
    ) throws -> CacheKey {
        let material = KeyMaterial(
            behaviour: BakeBehaviour.version(of: operation.kind),
            parent: parent?.digest,
            platform: platform,
            epoch: epoch,
            operation: try KeyMaterial.Operation(operation, ansible: ansible, digest: digest)
        )
        return CacheKey(Digest(of: try CanonicalJSON.encode(material)))
    }

    private func digest(of path: FilePath) throws -> Digest {
        guard let digest = inputs[path] else { throw BakeError.missingInput(path, at: nil) }
        return digest
    }
}

extension StepDefinition {
    /// Each input has a place of its own, by its written path: one that lies in another would be put on top of what that
    /// one brings, through its links too.
    fileprivate func checkInputs() throws {
        let places = inputs.map { Array($0.lexicallyNormalized().components) }
        for (index, place) in places.enumerated() {
            for (other, above) in places.enumerated() where other != index && place.starts(with: above) {
                throw BakeError.overlappingInputs(inputs[index], inputs[other], at: span)
            }
        }
    }
}

/// Which images a bake is about, parents first, in the definition's order otherwise.
package struct BakeOrder {
    private let definition: Definition

    package init(_ definition: Definition) {
        self.definition = definition
    }

    package func names(for wanted: [ImageName]) throws -> [ImageName] {
        var ordered: [ImageName] = []
        for name in wanted.isEmpty ? Array(definition.images.keys) : wanted {
            try append(name, to: &ordered, above: [])
        }
        return ordered
    }

    private func append(_ name: ImageName, to ordered: inout [ImageName], above: [ImageName]) throws {
        guard !ordered.contains(name) else { return }
        let image = try definition.imageToBake(name)
        guard !above.contains(name) else { throw BakeError.circular(name, at: image.span) }
        if case .image(let parent) = image.origin {
            try append(parent, to: &ordered, above: above + [name])
        }
        ordered.append(name)
    }
}

extension Definition {
    func imageToBake(_ name: ImageName) throws -> ImageDefinition {
        guard let image = images[name] else {
            throw BakeError.unknownImage(name, known: Array(images.keys))
        }
        return image
    }
}
