import Glibc
import KilnSystem
import SystemPackage

/// What a container leaves when its runtime was killed: processes, control groups, state. Clearing it runs no tool
/// and needs no live task, so that it works on cancellation and for a process that died.
struct ContainerRemains: Sendable {
    let id: String
    let stateRoot: FilePath

    init(home: KilnHome, id: String) {
        self.id = id
        stateRoot = home.runtime.appending("runc-bake")
    }

    private static let hierarchies: FilePath = "/sys/fs/cgroup"
    private static let attempts = 200

    /// Ends what runs in the container; its runtime then clears up by itself.
    func kill() {
        for group in Self.groups(named: id) { Self.kill(in: group) }
    }

    func clear() {
        for group in Self.groups(named: id) { Self.end(group) }
        let state = stateRoot.appending(id)
        // A runtime that was killed while it made a copy of itself leaves that copy mounted there.
        try? Mounts.unmountAll(under: state)
        try? Files.remove(state)
        rmdir(stateRoot.string)
    }

    /// Where a control group of this name is: at the root of the unified hierarchy and of each older one.
    private static func groups(named name: String) -> [FilePath] {
        let roots = [hierarchies] + ((try? Files.list(hierarchies)) ?? []).map { hierarchies.appending($0) }
        return roots.map { $0.appending(name) }.filter { Files.facts($0)?.kind == .directory }
    }

    /// Kills what is in the group until nothing is, then removes it with the groups below.
    private static func end(_ group: FilePath) {
        for name in (try? Files.list(group)) ?? [] {
            let child = group.appending(name)
            if Files.facts(child)?.kind == .directory { end(child) }
        }
        for _ in 0..<attempts {
            if rmdir(group.string) == 0 || errno == ENOENT { return }
            kill(in: group)
            usleep(10_000)
        }
    }

    private static func kill(in group: FilePath) {
        let text = (try? Files.readText(group.appending("cgroup.procs"))) ?? ""
        for pid in text.split(separator: "\n").compactMap({ pid_t($0) }) where pid > 1 && pid != getpid() {
            Glibc.kill(pid, SIGKILL)
        }
    }
}
