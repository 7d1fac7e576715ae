import KilnAttest
import KilnBake
import KilnDefinition
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem

/// Writes down beside images how they came about.
struct BakeProvenance {
    let context: CommandContext
    let definition: Definition
    let lock: Lock
    /// As it was when the bake began.
    let commit: SourceCommit?

    private var store: ImageStore { ImageStore(home: context.home) }

    func record(_ images: [BakedImage]) async throws {
        let maker = ProvenanceMaker(
            definition: definition,
            lock: lock,
            home: context.home,
            commit: commit,
            version: KilnVersion.current
        )
        try await StoreLock(context.home).shared {
            for image in images {
                let statement = try Statement.encode(
                    try maker.provenance(of: image),
                    .provenance,
                    name: image.name.description,
                    digest: image.manifest.digest
                )
                try await ImageAttestations(store: store).keep(statement, .provenance, of: image.manifest)
            }
        }
    }

    /// Takes what verifications came to into the statements that nobody signed yet.
    static func refresh(_ images: [Digest], _ context: CommandContext) async throws {
        let store = ImageStore(home: context.home)
        try await StoreLock(context.home).shared {
            for image in images {
                try await ImageAttestations(store: store)
                    .refreshVerdicts(of: image, from: LayerCache(home: context.home))
            }
        }
    }
}
