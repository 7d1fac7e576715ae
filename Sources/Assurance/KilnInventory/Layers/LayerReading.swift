import KilnArchive
import KilnOCI
import KilnSystem
import SystemPackage

/// A layer that can be read.
struct LayerContent: Sendable {
    let diffID: DiffID
    let createdBy: String?
    /// Whether its blob is known to hold what the diffID says; otherwise it is hashed as it is read.
    let isVerified: Bool
    /// Its blob, plain or compressed.
    let open: @Sendable () throws -> any ByteSource
}

extension LayerContent {
    /// Blocks: run it inside `Blocking.run`.
    func inspect(scratch: FilePath, limits: ArchiveLimits = .standard) throws -> LayerFacts {
        let stream = try Decompressor(try open(), limits: limits)
        var reader = TarReader(stream, limits: limits, hashing: !isVerified)
        var inspector = LayerInspector(scratch: scratch)
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            try inspector.visit(entry, &reader)
        }
        if !isVerified {
            let found = try reader.finish()
            guard found == diffID else { throw ArchiveError(.wrongContent(expected: diffID, found: found)) }
        }
        return inspector.facts
    }
}
