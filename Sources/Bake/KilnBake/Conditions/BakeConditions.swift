import Glibc
import KilnDiagnostics
package import KilnSystem
import Synchronization
import SystemPackage

/// The circumstances of a bake that may differ from one to the next, none of which may show in what it makes. What the
/// sandbox fixes (host name, variables, network) is none of them.
package struct BakeConditions: Sendable, Hashable {
    /// Seconds that the clock of the programs in bake containers is off, where they can be told another time.
    package var clockShift: Int64 = 0
    /// Packages are laid out in the reverse order and one by one, and layers grow on the medium that they would
    /// otherwise not have grown on.
    package var isReversed = false
    /// Of the machine's tools, and of all that they start.
    package var surroundings = ToolSurroundings()
    /// What our own process takes from the modes of files that it makes.
    package var umask: UInt32?

    package static let ordinary = BakeConditions()

    /// As unlike an ordinary bake as this machine allows: a year behind, on one CPU, in another order.
    package static func hostile() -> BakeConditions {
        BakeConditions(
            clockShift: -365 * 86400,
            isReversed: true,
            surroundings: ToolSurroundings(
                environment: ["TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"],
                cpu: lastCPU()
            ),
            umask: 0o077
        )
    }

    /// What a container sees of them, for people.
    func circumstances(clockWasMoved: Bool) -> [String] {
        var circumstances: [String] = []
        if clockWasMoved {
            let days = abs(clockShift) / 86400
            circumstances.append("a clock \(days) days \(clockShift < 0 ? "behind" : "ahead")")
        }
        if let cpu = surroundings.cpu { circumstances.append("one CPU (number \(cpu))") }
        if isReversed { circumstances.append("packages in the reverse order, and files on another medium") }
        return circumstances
    }

    /// Runs the body in these conditions, as far as they are our process's.
    func with<Result>(_ body: () async throws -> Result) async throws -> Result {
        let former = umask.map { Glibc.umask(mode_t($0)) }
        defer { if let former { Glibc.umask(former) } }
        return try await ToolSurroundings.$current.withValue(surroundings, operation: body)
    }

    /// Of those that this process may use (proc_pid_status(5)); nil when it has only one.
    private static func lastCPU() -> Int? {
        let status = (try? Files.readText("/proc/self/status")) ?? ""
        let list = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let usable = list?.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) } ?? []
        return usable.count > 1 ? usable.last : nil
    }
}

/// In which containers of a bake the clock was moved. A class: a bake's images share it.
package final class MovedClocks: Sendable {
    private let works = Mutex<Set<WorkID>>([])

    func insert(_ work: WorkID) {
        works.withLock { _ = $0.insert(work) }
    }

    func contains(_ work: WorkID) -> Bool {
        works.withLock { $0.contains(work) }
    }
}
