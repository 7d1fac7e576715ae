package import KilnOCI
package import SystemPackage

extension GarbageCollector {
    /// What somebody outside the store still needs.
    package struct Kept: Sendable {
        /// Manifests, with all that they name.
        package var roots: Set<Digest>
        /// nil keeps every package.
        package var packages: Set<Digest>?

        package init(roots: Set<Digest>, packages: Set<Digest>?) {
            self.roots = roots
            self.packages = packages
        }
    }

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
            /// In bytes, of the path and what goes with it.
            package let size: Int64
            /// Goes with the path: a sealed layer's record and lock.
            let companions: [FilePath]
        }

        /// What was removed, or would be.
        package var items: [Item] = []

        package var size: Int64 { items.reduce(0) { $0 + $1.size } }
    }
}
