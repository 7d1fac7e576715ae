import Glibc
package import KilnOCI
import KilnSystem
package import SystemPackage

/// Lays a layer out as files, none of which ever lands outside the given directory, whatever the archive says.
package struct LayerExtractor: Sendable {
    package enum Form: Sendable, Hashable {
        /// A tree of its own; a whiteout is an error.
        case plain
        /// A directory for an overlay: whiteouts become 0:0 devices and opaque attributes (overlayfs.rst). Needs root.
        case overlay
    }

    package var form: Form
    package var limits: ArchiveLimits
    /// Device nodes are refused unless the layer may have them.
    package var allowsDevices: Bool
    /// Owners, device nodes and security attributes as the archive has them, which takes root; otherwise files are the caller's.
    package var keepsOwners: Bool

    package init(
        form: Form,
        limits: ArchiveLimits = .standard,
        allowsDevices: Bool = false,
        keepsOwners: Bool = geteuid() == 0
    ) {
        self.form = form
        self.limits = limits
        self.allowsDevices = allowsDevices
        self.keepsOwners = keepsOwners
    }

    /// Extracts a plain, gzip or zstd tar into a directory that exists, and checks what it was.
    ///
    /// On an error the directory holds a part of the layer: the caller removes it. Blocks: run it inside `Blocking.run`.
    @discardableResult
    package func extract(
        blob: FilePath,
        into directory: FilePath,
        expecting expected: DiffID? = nil
    ) throws -> DiffID {
        do {
            return try extract(FileSource(blob), into: directory, expecting: expected)
        } catch let error as ArchiveError {
            throw error.reading(blob)
        }
    }

    /// The same from any source of a compressed or plain stream.
    @discardableResult
    package func extract(
        _ source: any ByteSource,
        into directory: FilePath,
        expecting expected: DiffID? = nil
    ) throws -> DiffID {
        var reader = TarReader(try Decompressor(source, limits: limits), limits: limits)
        var extraction = try Extraction(self, into: directory)
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            try extraction.place(entry, &reader)
        }
        let diffID = try reader.finish()
        try extraction.finish()
        if let expected, expected != diffID {
            throw ArchiveError(.wrongContent(expected: expected, found: diffID))
        }
        return diffID
    }
}
