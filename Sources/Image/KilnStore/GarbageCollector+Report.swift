package import KilnOCI
package import SystemPackage

extension GarbageCollector {
    /// What somebody outside the store still needs.
    package struct Kept: Sendable {
        /// Manifests, with all that they name.
        package var roots: Set<Digest>
        /// nil keeps every package.
        package var packages: Set<Digest>?
        /// Manifests that are needed no more, with what they were needed for; for the report only.
        package var given: [Digest: String]

        package init(roots: Set<Digest>, packages: Set<Digest>?, given: [Digest: String] = [:]) {
            self.roots = roots
            self.packages = packages
            self.given = given
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

        /// Why an item goes.
        package enum Reason: Sendable, Hashable {
            /// It belongs to what the name referred to until then (seconds since 1970).
            case superseded(name: String, at: Int64)
            /// It belongs to what was given up: a release, say.
            case given(String)
            /// No image has it.
            case unreferenced
            /// The blobs that it remembers are gone.
            case stale
            /// No lock that was asked names it.
            case unlocked
            /// A crash left it.
            case leftover
        }

        package struct Item: Sendable, Hashable {
            package let kind: Kind
            package let path: FilePath
            /// In bytes, of the path and what goes with it.
            package let size: Int64
            package let reason: Reason
            /// Goes with the path: a sealed layer's record and lock.
            let companions: [FilePath]
        }

        /// What was removed, or would be.
        package var items: [Item] = []

        package var size: Int64 { items.reduce(0) { $0 + $1.size } }
    }
}
