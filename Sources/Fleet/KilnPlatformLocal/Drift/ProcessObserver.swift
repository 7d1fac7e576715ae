import Glibc
import KilnDrift
import KilnFleet
import KilnSystem
import SystemPackage

/// Looks at the processes of one instance from the host.
struct ProcessObserver: Sendable {
    /// Of the runtime on its way into an instance, in seconds.
    private static let longestStart: Int64 = 5
    static let namespaceKinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]

    let instance: InstanceID
    /// Its first process.
    let first: Int32
    /// In its cgroups.
    let own: Set<Int32>
    /// What the release asks inside to learn how the instance is; nil where it asks otherwise.
    let healthCommand: [String]?

    /// What ends meanwhile is left out.
    func facts(of pids: Set<Int32>) -> [ProcessFacts] {
        let states = Dictionary(
            uniqueKeysWithValues: pids.compactMap { pid in ProcessState(of: pid).map { (pid, $0) } }
        )
        return pids.sorted().compactMap { pid in
            states[pid].flatMap { facts(of: pid, $0, origin: origin(of: pid, states)) }
        }
    }

    /// nil for the runtime on its way to become the release's own health check: what it runs then is what counts.
    private func facts(of pid: Int32, _ state: ProcessState, origin: ProcessFacts.Origin) -> ProcessFacts? {
        guard let identity = ProcessIdentity(pid: pid), let executable = ProcessLinks.target("exe", of: pid)
        else { return nil }
        let started = ProcessStart.time(ofTicks: identity.startTicks)
        // Whoever takes the runtime's name for longer than it needs is no step of it.
        if WallClock.now - started <= Self.longestStart, ProcessIdentity.runs(["runc"], pid),
            descendsFromHealthCommand(state)
        {
            return nil
        }
        let folder = FilePath("/proc/\(pid)")
        let name = (try? Files.read(folder.appending("comm"))) ?? []
        return ProcessFacts(
            pid: pid,
            startTime: identity.startTicks,
            executable: executable,
            mountID: Self.mountID(of: folder.appending("exe")),
            name: String(decoding: name.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self),
            origin: origin,
            isDeleted: isDeleted(executable, of: pid),
            capabilities: state.capabilities,
            isConfined: state.isConfined,
            namespaces: Self.namespaces(of: pid),
            started: started
        )
    }

    private func origin(of pid: Int32, _ states: [Int32: ProcessState]) -> ProcessFacts.Origin {
        guard own.contains(pid) else { return .outside }
        var top = pid
        for _ in 0..<own.count {
            guard let parent = states[top]?.parent, own.contains(parent) else { break }
            top = parent
        }
        return top == first || isHealthCommand(states[top]?.parent) ? .instance : .session
    }

    /// Whether the container runtime runs it for the release's own health check.
    private func isHealthCommand(_ parent: Int32?) -> Bool {
        guard let healthCommand, let parent, ProcessIdentity.runs(["runc"], parent) else { return false }
        let words = ProcessIdentity.arguments(of: parent)
        return words.contains("exec") && words.contains(instance.description)
            && words.suffix(healthCommand.count) == healthCommand[...]
    }

    /// The runtime forks twice before it is inside, each time as itself: what it started is none of its steps.
    private func descendsFromHealthCommand(_ state: ProcessState) -> Bool {
        var parent = state.parent
        for _ in 0..<4 {
            if isHealthCommand(parent) { return true }
            guard parent > 1, ProcessIdentity.runs(["runc"], parent), let above = ProcessState(of: parent)
            else {
                return false
            }
            parent = above.parent
        }
        return false
    }

    /// Of a file that is gone the kernel says so behind its name, which a file of that name may have, too.
    private func isDeleted(_ executable: String, of pid: Int32) -> Bool {
        let mark = " (deleted)"
        guard executable.hasSuffix(mark), !executable.hasPrefix("/memfd:") else { return false }
        var relative = FilePath(executable)
        relative.root = nil
        return !Files.exists(FilePath("/proc/\(pid)/root").pushing(relative))
    }

    static func namespaces(of pid: Int32) -> [String: UInt64] {
        var numbers: [String: UInt64] = [:]
        for kind in namespaceKinds {
            var facts = stat()
            if stat("/proc/\(pid)/ns/\(kind)", &facts) == 0 { numbers[kind] = UInt64(facts.st_ino) }
        }
        return numbers
    }

    /// The mount through which the file was opened (proc(5), fdinfo).
    private static func mountID(of path: FilePath) -> Int? {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = (try? Files.read(FilePath("/proc/self/fdinfo/\(descriptor)"))) ?? []
        let line = bytes.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "mnt_id:".utf8) }
        return line.flatMap { Int(bytes: $0.drop { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) }
    }
}

/// What `/proc/<pid>/status` says of a process' parent and privileges (proc(5)).
struct ProcessState: Sendable, Hashable {
    let parent: Int32
    /// In any of its sets.
    let capabilities: UInt64
    /// It has a seccomp filter and can gain no privileges.
    let isConfined: Bool

    init?(of pid: Int32) {
        guard let bytes = try? Files.read(FilePath("/proc/\(pid)/status"), limit: 1 << 16) else { return nil }
        self.init(parsing: bytes)
    }

    init?(parsing status: [UInt8]) {
        var parent: Int32?
        var capabilities: UInt64 = 0
        var (isFiltered, isBarred) = (false, false)
        // Of sixty lines few are looked at again.
        for line in status.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon]
            let value = line[(colon + 1)...].drop { $0 <= UInt8(ascii: " ") }
            if name.starts(with: "Cap".utf8) {
                capabilities |= UInt64(bytes: value, radix: 16) ?? 0
            } else if name.elementsEqual("PPid".utf8) {
                parent = Int32(bytes: value)
            } else if name.elementsEqual("NoNewPrivs".utf8) {
                isBarred = value.elementsEqual("1".utf8)
            } else if name.elementsEqual("Seccomp".utf8) {
                isFiltered = value.elementsEqual("2".utf8)
            }
        }
        guard let parent else { return nil }
        self.parent = parent
        self.capabilities = capabilities
        isConfined = isFiltered && isBarred
    }
}
