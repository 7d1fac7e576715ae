package import KilnArchive
package import KilnOCI
import KilnSystem
import SystemPackage

/// A layer that can be read.
package struct LayerContent: Sendable {
    package let diffID: DiffID
    /// What the image's history says of its making; nil where it says nothing.
    package let createdBy: String?
    /// Whether its blob is known to hold what the diffID says; otherwise it is hashed as it is read.
    let isVerified: Bool
    /// Its blob, plain or compressed.
    let open: @Sendable () throws -> any ByteSource

    /// Reads those of its regular files that are wanted, each piece by piece to its end. What was taken is to be believed once this has
    /// returned: only then is it known that the layer is the one that its diffID names. Blocks.
    package func readFiles(
        limits: ArchiveLimits = .standard,
        wanting wants: (_ path: String, _ size: Int64) -> Bool,
        _ take: (UnsafeRawBufferPointer) -> Void,
        atEnd end: () -> Void
    ) throws {
        let stream = try Decompressor(try open(), limits: limits)
        var reader = TarReader(stream, limits: limits, hashing: !isVerified)
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            guard case .file(let size) = entry.kind, wants(entry.path, size) else { continue }
            try reader.readContent(take)
            end()
        }
        try check(&reader)
    }

    private func check(_ reader: inout TarReader) throws {
        guard !isVerified else { return }
        let found = try reader.finish()
        guard found == diffID else { throw ArchiveError(.wrongContent(expected: diffID, found: found)) }
    }
}

extension LayerContent {
    /// A link to a link to a link to a file: nobody makes more.
    private static let mostReadings = 4

    /// Blocks: run it inside `Blocking.run`.
    func inspect(scratch: FilePath, limits: ArchiveLimits = .standard) throws -> LayerFacts {
        var inspector = LayerInspector(scratch: scratch)
        try readEntries(limits) { entry, content in try inspector.visit(entry, &content) }
        var readings = 1
        while !inspector.passedOver.isEmpty, readings < Self.mostReadings {
            readings += 1
            let wanted = inspector.passedOver
            try readEntries(limits) { entry, content in try inspector.visitAgain(entry, wanted, &content) }
            // Nothing was found of what stands in another layer, or nowhere.
            if inspector.passedOver == wanted { break }
        }
        inspector.notePassedOver()
        return inspector.facts
    }

    private func readEntries(
        _ limits: ArchiveLimits,
        _ body: (TarEntry, inout TarReader) throws -> Void
    ) throws {
        let stream = try Decompressor(try open(), limits: limits)
        var reader = TarReader(stream, limits: limits, hashing: !isVerified)
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            try body(entry, &reader)
        }
        try check(&reader)
    }
}
