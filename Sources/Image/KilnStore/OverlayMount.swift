import Glibc
import KilnArchive
import KilnSystem
package import SystemPackage

/// Sealed layers mounted as one tree.
///
/// Below `directory`: `0`, `1`, … are the layers by themselves, `root` is the tree. Needs root.
package struct OverlayMount: Sendable {
    /// Where changes go. Both folders are the caller's, empty, on one file system that is no overlay.
    package struct Upper: Sendable, Hashable {
        package let directory: FilePath
        package let work: FilePath
        /// Skips every sync: for work that is thrown away when it is interrupted.
        package let isVolatile: Bool

        package init(directory: FilePath, work: FilePath, isVolatile: Bool = false) {
            self.directory = directory
            self.work = work
            self.isVolatile = isVolatile
        }
    }

    /// The lowest first.
    package let layers: [SealedLayer]
    /// Plain folders that lie over the layers, the lowest first.
    package let above: [FilePath]
    package let directory: FilePath
    package let upper: Upper?

    package init(layers: [SealedLayer], above: [FilePath] = [], at directory: FilePath, upper: Upper? = nil) {
        self.layers = layers
        self.above = above
        self.directory = directory
        self.upper = upper
    }

    /// The tree.
    package var root: FilePath { directory.appending("root") }

    /// Lends the mounted tree to the body, and unmounts it whatever happens.
    package func with<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        try await mount()
        let result: Result
        do {
            result = try await body(root)
        } catch {
            try? unmount()
            throw error
        }
        try unmount()
        return result
    }

    /// Mounts everything; nothing stays mounted when it throws. Goes on after the process.
    package func mount() async throws {
        guard geteuid() == 0 else { throw StoreError(.needsRoot("mounting layers")) }
        do {
            var lowers: [FilePath] = []
            for (index, layer) in layers.enumerated() {
                let target = try makeDirectory(String(index))
                try await mount(layer, at: target)
                lowers.append(target)
            }
            lowers += above
            // What lies below an opaque root is left out, since overlayfs takes no notice of one.
            if let top = lowers.lastIndex(where: ExtendedAttributes.isOpaque) { lowers.removeFirst(top) }
            // One lower that is empty is needed when there is nothing else, or no upper and but one layer.
            if lowers.isEmpty || (lowers.count == 1 && upper == nil) {
                lowers.insert(try makeDirectory("none"), at: 0)
            }
            try OverlayContext(lowers: lowers.reversed(), upper: upper).mount(at: makeDirectory("root"))
        } catch {
            try? unmount()
            throw error
        }
    }

    /// Unmounts everything below the directory. Nothing mounted is fine.
    package func unmount() throws {
        try Mounts.unmountAll(under: directory)
    }

    private func mount(_ layer: SealedLayer, at target: FilePath) async throws {
        guard Files.exists(layer.path) else { throw StoreError(.missingLayer(layer.diffID)) }
        try await SealedFileMount(layer.path, at: target).mount()
    }

    private func makeDirectory(_ name: String) throws -> FilePath {
        let path = directory.appending(name)
        try Files.createDirectory(path)
        return path
    }
}
