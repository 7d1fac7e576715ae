package import KilnDiagnostics
package import KilnOCI
package import KilnSystem
package import SystemPackage

/// Why an archive cannot be read, written or laid out, with the entry and the place in the uncompressed stream where they are known.
package struct ArchiveError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        /// The stream ends before the archive does.
        case truncated
        /// A header whose checksum does not fit its bytes: no tar at all, or a damaged one.
        case checksum
        /// A header's field that cannot be read.
        case malformed(field: String)
        /// Valid, and refused: sparse files, volumes, unknown types.
        case unsupported(String)
        /// Something of a tree or an entry that a layer has no words for.
        case unsayable(String)
        /// A name, link target or attribute name that is not UTF-8, which Kiln's indexes and OCI's JSON need.
        case notUTF8
        /// An absolute name, or one with `..`.
        case unsafePath
        /// A name below something that is not a directory: a symlink, most often.
        case notBelowDirectory
        case danglingHardlink(target: String)
        case deviceRefused
        /// A whiteout where a plain tree was expected.
        case whiteoutRefused
        case limit(Limit)
        case compression(String)
        case wrongContent(expected: DiffID, found: DiffID)
        /// A file that grew, shrank or went while it was read.
        case changedWhileRead
        /// An overlay feature that a layer cannot express; the mount should have turned it off.
        case overlayFeature(String)
        /// A real file whose name would read as a whiteout.
        case reservedName
        /// Another file system inside the tree that should become a layer.
        case mountInside
        case system(SystemError)
    }

    package enum Limit: String, Sendable, Hashable {
        case entries
        case totalSize = "total size"
        case pathLength = "path length"
        case depth
        case headerSize = "header size"
        case metadata = "names and attributes"
        case expansion
    }

    package let reason: Reason
    package let path: String?
    /// Bytes of uncompressed tar before the header that is meant.
    package let offset: Int64?
    /// The file that was read, where there is one.
    package private(set) var archive: FilePath?

    package init(_ reason: Reason, path: String? = nil, offset: Int64? = nil) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    /// The same, told of the file that was read.
    package func reading(_ archive: FilePath) -> ArchiveError {
        var error = self
        error.archive = archive
        return error
    }

    package var diagnostics: [Diagnostic] {
        if case .system(let error) = reason { return error.diagnostics }
        let entry = path.map { "\($0.isEmpty ? "/" : $0): " } ?? ""
        return [Diagnostic(code: code, entry + message, causes: place.map { [$0] } ?? [], hint: hint)]
    }

    /// Whether it tells of the archive's content, and not of a call that failed while it was read.
    package var isAboutContent: Bool {
        if case .system = reason { false } else { true }
    }

    private var place: String? {
        let file = archive.map { "\($0)" }
        return offset.map { "at byte \($0) of \(file ?? "the archive")" } ?? file.map { "in \($0)" }
    }

    private var code: String {
        switch reason {
        case .truncated, .checksum, .malformed, .notUTF8, .danglingHardlink: "archive.malformed"
        case .unsupported, .unsayable, .whiteoutRefused, .overlayFeature, .reservedName: "archive.unsupported"
        case .unsafePath, .notBelowDirectory, .deviceRefused: "archive.unsafe"
        case .limit: "archive.limit"
        case .compression: "archive.compression"
        case .wrongContent: "archive.digest"
        case .changedWhileRead, .mountInside: "archive.tree"
        case .system: "system"
        }
    }

    private var message: String {
        switch reason {
        case .truncated: "the archive is cut off"
        case .checksum: "a tar header's checksum is wrong"
        case .malformed(let field): "the archive's \(field) cannot be read"
        case .unsupported(let what): "\(what) is not supported in a layer"
        case .unsayable(let what): "\(what) cannot be put into a layer"
        case .notUTF8: "the name is not UTF-8"
        case .unsafePath: "the name leads out of the archive's root"
        case .notBelowDirectory: "a folder above it is a link or a file"
        case .danglingHardlink(let target): "it is a hard link to \(target), which the archive does not hold"
        case .deviceRefused: "device nodes are not allowed here"
        case .whiteoutRefused: "whiteouts are not allowed in a plain tree"
        case .limit(let limit): "the archive is past the limit on its \(limit.rawValue)"
        case .compression(let why): "the compressed stream is damaged: \(why)"
        case .wrongContent(let expected, let found): "the layer should be \(expected) and is \(found)"
        case .changedWhileRead: "the file changed while it was read"
        case .overlayFeature(let name): "overlay attribute \(name) cannot be put into a layer"
        case .reservedName: "the name begins with .wh., which means a deletion in a layer"
        case .mountInside: "another file system is mounted there"
        case .system(let error): "cannot \(error.action)"
        }
    }

    private var hint: String? {
        switch reason {
        case .truncated, .checksum, .malformed, .compression: "fetch or make the archive again"
        case .wrongContent: "fetch or bake the layer again"
        case .unsupported: "write it with tar --format=pax, without --sparse"
        case .unsayable: "change it, or leave it out"
        case .notUTF8: "rename it: images carry names in UTF-8 only"
        case .unsafePath: "make the archive again with paths below its root: tar -C ROOT -c ."
        case .notBelowDirectory, .danglingHardlink:
            "make the archive again from a whole tree: tar -C ROOT -c ."
        case .deviceRefused: "leave it out: instances get their devices when they start"
        case .whiteoutRefused: "make the archive from a whole root, not from one layer of an image"
        case .reservedName: "rename or remove it"
        case .limit: "make the archive smaller, or in parts, if it is one that you trust"
        case .changedWhileRead: "run the command again when nothing writes to it"
        case .overlayFeature: "mount the overlay with metacopy=off,redirect_dir=off"
        case .mountInside: "unmount it, or leave it out"
        case .system(let error): error.diagnostics.first?.hint
        }
    }
}
