import Glibc
import KilnArchive
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Shows a tree of files to an inspector, by open directories: no link leads out of it, no device or pipe is opened, and what is
/// mounted in it is left out.
struct RootWalk {
    private static let depthLimit = ArchiveLimits.standard.depth

    private let root: FilePath
    private var device: dev_t = 0
    private var entries = 0
    private(set) var inspector: LayerInspector

    init(_ root: FilePath, scratch: FilePath) {
        self.root = root
        inspector = LayerInspector(scratch: scratch)
    }

    /// Blocks: run it inside `Blocking.run`.
    mutating func run() throws {
        let descriptor = open(root.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOTDIR { throw InventoryError(.notADirectory, root.string) }
            throw SystemError.last("open \(root)")
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw SystemError.last("read \(root)") }
        device = info.st_dev
        try visit(descriptor, "", depth: 0)
    }

    private mutating func visit(_ directory: Int32, _ path: String, depth: Int) throws {
        guard depth < Self.depthLimit else { return inspector.note(path, "it is too deep") }
        let names = try Files.names(in: directory, at: root.appending(path)) { String(validatingCString: $0) }
        for name in names.compactMap(\.self).sorted(by: { EntryPath.precedes($0, $1) }) {
            try Blocking.checkCancellation()
            entries += 1
            guard entries <= ArchiveLimits.standard.entries else { throw ArchiveError(.limit(.entries)) }
            try visit(name, in: directory, EntryPath.join(path, name), depth: depth)
        }
        if names.contains(nil) { inspector.note(path, "a name in it is not UTF-8, and was passed over") }
    }

    private mutating func visit(_ name: String, in directory: Int32, _ path: String, depth: Int) throws {
        var info = stat()
        guard fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
            return inspector.note(path, "it cannot be looked at: \(Errno(rawValue: errno))")
        }
        // A name of the kind that means a deletion in a layer means itself in a folder; no package has such files.
        if name.utf8.starts(with: ".wh.".utf8) { return }
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            try show(path, .directory)
            guard info.st_dev == device else { return }
            let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard child >= 0 else {
                return inspector.note(path, "it cannot be opened: \(Errno(rawValue: errno))")
            }
            defer { close(child) }
            try visit(child, path, depth: depth + 1)
        case S_IFREG:
            let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else {
                try show(path, .fifo)
                return inspector.note(path, "it cannot be opened: \(Errno(rawValue: errno))")
            }
            defer { close(file) }
            var content = OpenFile(descriptor: file, path: root.appending(path))
            let entry = TarEntry(path: path, kind: .file(size: Int64(info.st_size)), mode: 0)
            do {
                try inspector.visit(entry, &content)
            } catch let error as ArchiveError {
                // Somebody writes to it while it is read.
                inspector.note(path, error.diagnostics.first?.message ?? "it cannot be read")
            }
        default: try show(path, .fifo)
        }
    }

    /// What is no file to be read; the kind of other nodes does not matter.
    private mutating func show(_ path: String, _ kind: TarEntry.Kind) throws {
        var nothing = MemorySource([])
        try inspector.visit(TarEntry(path: path, kind: kind, mode: 0), &nothing)
    }

    private struct OpenFile: ByteSource {
        let descriptor: Int32
        let path: FilePath

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count >= 0 { return count }
                guard errno == EINTR else { throw ArchiveError(.system(.last("read \(path)"))) }
            }
        }
    }
}
