import Glibc
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Mounts instances' roots. A sealed layer, and an image as a tree, is mounted once for all instances of a home that stand on it.
struct RootMounts: Sendable {
    let home: KilnHome

    private var layers: FilePath { home.runtime.appending("layers") }
    private var trees: FilePath { home.runtime.appending("images") }
    private var lock: FilePath { home.runtime.appending("layers.lock") }

    /// The image alone, to look around in. The instance's record names it already.
    func tree(of image: RootImage) async throws -> RootResolver {
        for folder in [layers, trees] { try Files.createDirectory(folder, mode: 0o700) }
        let folder = trees.appending(image.digest.short)
        let overlay = OverlayMount(layers: [], above: image.layers.map(mountPoint), at: folder)
        try await FileLock.with(lock) {
            let isNew = try await mountLayers(image)
            if try isNew || !MountTable.current().shows("overlay", at: overlay.root) {
                try Mounts.unmountAll(under: folder)
                try await overlay.mount()
            }
        }
        return RootResolver(root: overlay.root)
    }

    /// Mounts the whole root: the image's layers under the instance's own top layer, nothing writable but, where the release says
    /// so, `writable` bytes of the instance's own over them.
    func mountRoot(of instance: InstancePaths, on image: RootImage, writable: Int64?) async throws {
        try Files.createDirectory(instance.topMount, mode: 0o700)
        try await SealedFileMount(instance.topLayer, at: instance.topMount).mount()
        let stack = image.layers.map(mountPoint) + [instance.topMount]
        guard let writable else {
            return try await OverlayMount(layers: [], above: stack, at: instance.runtime).mount()
        }
        let upper = try mountUpper(of: instance, size: writable)
        try await OverlayMount(layers: [], above: stack, at: instance.sealedMount).mount()
        try await OverlayMount(layers: [], above: stack, at: instance.runtime, upper: upper).mount()
    }

    /// A file system of its own: what happens in it is told apart from all else, and it cannot fill the host's disk.
    private func mountUpper(of instance: InstancePaths, size: Int64) throws -> OverlayMount.Upper {
        try Files.createDirectory(instance.upperMount, mode: 0o700)
        try Mounts.mount(
            "kiln-changes",
            at: instance.upperMount,
            type: "tmpfs",
            flags: [.noSetUserID, .noDevices],
            options: "mode=0700,size=\(size)"
        )
        let work = instance.upperMount.appending("work")
        for folder in [instance.changes, work] { try Files.createDirectory(folder, mode: 0o755) }
        // The root folder shows as the upper one is.
        if let root = Files.facts(instance.topMount),
            chown(instance.changes.string, root.userID, root.groupID) != 0
                || chmod(instance.changes.string, root.mode) != 0
        {
            throw SystemError.last("set the owner of \(instance.changes)")
        }
        return OverlayMount.Upper(directory: instance.changes, work: work, isVolatile: true)
    }

    func unmountRoot(of instance: InstancePaths) throws {
        try Mounts.unmountAll(under: instance.runtime)
    }

    /// Unmounts the layers and images that no instance of the home stands on.
    func unmountUnused() async throws {
        guard Files.exists(layers) else { return }
        try await FileLock.with(lock) {
            guard let used = try used() else { return }
            // An image's tree before the layers that it stands on.
            for folder in [trees, layers] {
                for name in try Files.list(folder) where !used.contains(name) {
                    try Mounts.unmountAll(under: folder.appending(name))
                    try Files.remove(folder.appending(name))
                }
            }
        }
    }

    /// Takes an altered layer out of use; the next instance seals and mounts it anew. What runs keeps it until it ends.
    func retire(_ layer: DiffID) async throws {
        try Files.createDirectory(layers, mode: 0o700)
        try await FileLock.with(lock) {
            try Mounts.unmountAll(under: trees)
            try Mounts.unmountAll(under: layers.appending(layer.short))
            try SealedLayers(home: home).discard(layer)
        }
    }

    /// The short names of all layers and images that an instance's record names; nil when a record cannot be read, since any
    /// may be in use then.
    private func used() throws -> Set<String>? {
        var used: Set<String> = []
        for fleet in try Files.list(home.run) {
            for name in try Files.list(home.run.appending(fleet)) where name.hasPrefix(fleet) {
                let record = home.run.appending(fleet).appending(name).appending("root.json")
                guard Files.facts(record).map({ $0.size > 0 }) ?? false else { continue }
                guard let root = Record.readable(RootRecord.self, from: record) else { return nil }
                used.formUnion(root.layers.map(\.diffID.short) + [root.image.short])
            }
        }
        return used
    }

    /// Whether there was anything to mount.
    private func mountLayers(_ image: RootImage) async throws -> Bool {
        let table = try MountTable.current()
        var isNew = false
        for layer in image.layers where !table.shows("erofs", at: mountPoint(layer)) {
            // Whatever lies there else would be taken for the layer.
            try Mounts.unmountAll(under: mountPoint(layer))
            // Once for each boot of the home: what runs is what was sealed.
            let sealed = try await verified(layer, of: image)
            try Files.createDirectory(mountPoint(layer))
            try await SealedFileMount(sealed.path, at: mountPoint(layer)).mount()
            isNew = true
        }
        return isNew
    }

    /// The layer as it was sealed; one that was altered since is sealed again from the image's own blob.
    private func verified(_ layer: SealedLayer, of image: RootImage) async throws -> SealedLayer {
        let sealed = SealedLayers(home: home)
        do {
            try await sealed.verify(layer)
            return layer
        } catch let error as StoreError where error.isOfSealedFile {
            guard let blob = image.blobs[layer.diffID] else { throw error }
            return try await StoreLock(home).shared {
                try await sealed.sealVerified(layer.diffID, blob: blob)
            }
        }
    }

    private func mountPoint(_ layer: SealedLayer) -> FilePath {
        layers.appending(layer.diffID.short)
    }
}

extension MountTable {
    /// Whether one file system of this type, and nothing over it, is mounted there.
    fileprivate func shows(_ type: String, at path: FilePath) -> Bool {
        entries.filter { $0.target == path }.map(\.type) == [type]
    }
}

extension StoreError {
    /// Whether the sealed file is what is wrong: it can be made again.
    fileprivate var isOfSealedFile: Bool {
        switch reason {
        case .alteredLayer, .missingLayer: true
        default: false
        }
    }
}
