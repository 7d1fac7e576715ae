import Glibc
import SystemPackage

/// The mounts of one process, read again only once the kernel says that they changed: writing the table out costs it more
/// than anything else that is done with it.
///
/// A descriptor of `mountinfo` has an exceptional condition from the moment that something is mounted, unmounted or
/// remounted until the next poll(2) of it (proc_pid_mounts(5)). So it is asked first and read after: what changes in
/// between is told by the next question.
struct WatchedMountTable: ~Copyable {
    private let path: FilePath
    private let descriptor: FileDescriptor
    private var last: MountTable?

    init(_ path: FilePath) throws {
        self.path = path
        descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    }

    deinit { try? descriptor.close() }

    mutating func table() throws -> MountTable {
        if let last, try !isChanged() { return last }
        // The question is asked once: what fails now is not to be taken for unchanged.
        last = nil
        try descriptor.seek(offset: 0, from: .start)
        let table = MountTable(parsing: String(decoding: try Files.read(descriptor, of: path), as: UTF8.self))
        last = table
        return table
    }

    private func isChanged() throws -> Bool {
        var question = pollfd(fd: descriptor.rawValue, events: Int16(POLLPRI), revents: 0)
        while poll(&question, 1, 0) < 0 {
            guard errno == EINTR else { throw SystemError.last("poll \(path)") }
        }
        return question.revents != 0
    }
}
