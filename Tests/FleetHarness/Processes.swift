import Glibc

/// The machine's processes, by `/proc`.
package enum Processes {
    static var all: [Int32] { Text.list("/proc").compactMap { Int32($0) } }

    static func isAlive(_ process: Int32) -> Bool {
        guard let state = fields(process).first else { return false }
        return state != "Z" && state != "X"
    }

    static func parent(of process: Int32) -> Int32? {
        let fields = fields(process)
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    static func words(of process: Int32) -> [String] {
        Text.read("/proc/\(process)/cmdline").split(separator: "\0").map(String.init)
    }

    /// User and system time so far, in seconds.
    package static func time(of process: Int32) -> Double {
        let fields = fields(process)
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return 0
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident, in MiB.
    package static func memory(of process: Int32) -> Double {
        let line = Text.read("/proc/\(process)/status").split(separator: "\n").first {
            $0.hasPrefix("VmRSS:")
        }
        return Double(line?.filter(\.isNumber) ?? "").map { $0 / 1024 } ?? 0
    }

    /// From the state on (proc(5), `/proc/<pid>/stat`).
    private static func fields(_ process: Int32) -> [Substring] {
        let text = Text.read("/proc/\(process)/stat")
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
    }
}
