import Glibc
import KilnSystem
import SystemPackage

/// What the process itself takes, under the names that Prometheus' own clients use.
struct ProcessMetrics: Sendable {
    private let cpuSeconds: Double
    private let residentBytes: Double
    private let openFiles: Double

    /// nil where `/proc` does not tell (proc_pid_stat(5), fields 14, 15 and 24).
    static func current() -> ProcessMetrics? {
        guard let text = try? Files.readText("/proc/self/stat"), let name = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let pages = Double(fields[21]), let files = try? Files.list("/proc/self/fd")
        else { return nil }
        return ProcessMetrics(
            cpuSeconds: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))),
            residentBytes: pages * Double(sysconf(Int32(_SC_PAGESIZE))),
            openFiles: Double(files.count)
        )
    }

    func add(to text: inout MetricsText) {
        text.add(.cpu, cpuSeconds)
        text.add(.memory, residentBytes)
        text.add(.openFiles, openFiles)
    }
}
