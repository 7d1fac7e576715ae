import Glibc

/// What the kernel shows of a process as symlinks: `exe`, `ns/net`, … (proc(5)).
enum ProcessLinks {
    /// nil when the process is gone or a corpse.
    static func target(_ name: String, of pid: Int32) -> String? {
        target(name, of: String(pid))
    }

    /// `process` is a number, or `self`.
    static func target(_ name: String, of process: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(process)/\(name)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
