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
            try await mountLayers(image.layers)
            if try !MountTable.current().isMounted(overlay.root) { try await overlay.mount() }
        }
        return RootResolver(root: overlay.root)
    }

    /// Mounts the whole root: the image's layers under the instance's own top layer, nothing writable.
    func mountRoot(of instance: InstancePaths, on image: RootImage) async throws {
        try Files.createDirectory(instance.topMount, mode: 0o700)
        try await SealedFileMount(instance.topLayer, at: instance.topMount).mount()
        let stack = image.layers.map(mountPoint) + [instance.topMount]
        try await OverlayMount(layers: [], above: stack, at: instance.runtime).mount()
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

    /// Takes a layer out of use; the next instance mounts it anew. What runs keeps it until it ends.
    func forget(_ layer: DiffID) async throws {
        guard Files.exists(layers) else { return }
        try await FileLock.with(lock) {
            try Mounts.unmountAll(under: trees)
            try Mounts.unmountAll(under: layers.appending(layer.short))
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

    private func mountLayers(_ wanted: [SealedLayer]) async throws {
        let table = try MountTable.current()
        for layer in wanted where !table.isMounted(mountPoint(layer)) {
            // Once for each boot of the home: what runs is what was sealed.
            try await SealedLayers(home: home).verify(layer)
            try Files.createDirectory(mountPoint(layer))
            try await SealedFileMount(layer.path, at: mountPoint(layer)).mount()
        }
    }

    private func mountPoint(_ layer: SealedLayer) -> FilePath {
        layers.appending(layer.diffID.short)
    }
}
