import CLinux
import Glibc
package import KilnDefinition
import KilnDrift
import KilnFleet
import KilnSystem
import Synchronization
import SystemPackage

/// Tells at once that an instance writes to its root, by the kernel's own events (fanotify(7)) of the file system that its changes
/// go to. Where events are lost, every fleet counts as changed: a walk finds what they were about.
///
/// One thread waits for all of them, for as long as somebody listens.
package final class RootWatch: Sendable {  // a class: copies of a platform share it
    private struct Mark {
        let instance: InstancePaths
        var seen: Set<RootEventParser.Raw> = []
    }

    private struct State {
        var nextListener = 0
        var listeners: [Int: AsyncStream<FleetName>.Continuation] = [:]
        var wanted: [FleetName: Set<InstancePaths>] = [:]
        /// By file system.
        var marks: [UInt64: Mark] = [:]
        var group: Int32 = -1
        var isWaiting = false
    }

    /// Events of one moment are read together, so that an instance that writes all the time costs little.
    private static let pause: UInt32 = 20_000
    /// The same event of the same process is written down once, of so many.
    private static let memory = 4096

    private let state = Mutex(State())
    private let thread = ThreadPool(limit: 1)

    package init() {}

    /// Fleets whose instances write to their roots, from now on.
    package func listen() -> AsyncStream<FleetName> {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            let listener = state.withLock { state in
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                return state.nextListener
            }
            continuation.onTermination = { [self] _ in
                state.withLock { $0.listeners[listener] = nil }
            }
        }
    }

    /// These are the fleet's instances that run and may write.
    func watch(_ fleet: FleetName, _ instances: Set<InstancePaths>) {
        let begins = state.withLock { state in
            guard !state.listeners.isEmpty, state.wanted[fleet, default: []] != instances else {
                return false
            }
            if state.group < 0 { state.group = kiln_fanotify_open() }
            // Without the kernel's events there are still the walks.
            guard state.group >= 0 else { return false }
            let known = state.wanted[fleet] ?? []
            state.wanted[fleet] = instances.isEmpty ? nil : instances
            state.marks = state.marks.filter { !known.subtracting(instances).contains($0.value.instance) }
            for new in instances.subtracting(known) { Self.mark(new, &state) }
            if state.isWaiting || state.marks.isEmpty { return false }
            state.isWaiting = true
            return true
        }
        if begins { thread.begin { [self] in wait() } }
    }

    /// The mark goes with the file system.
    private static func mark(_ instance: InstancePaths, _ state: inout State) {
        var facts = statvfs()
        guard statvfs(instance.upperMount.string, &facts) == 0,
            kiln_fanotify_mark(state.group, instance.upperMount.string) == 0
        else { return }
        state.marks[UInt64(facts.f_fsid)] = Mark(instance: instance)
    }

    /// Ends when nobody listens any more.
    private func wait() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while let group = awaited() {
            var entry = pollfd(fd: group, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 500) > 0 else { continue }
            let count = read(group, &buffer, buffer.count)
            guard count > 0 else { continue }
            take(
                buffer.withUnsafeBytes {
                    RootEventParser.entries(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
            )
            usleep(Self.pause)
        }
    }

    /// nil when nobody listens any more.
    private func awaited() -> Int32? {
        state.withLock { state in
            guard state.listeners.isEmpty else { return state.group }
            close(state.group)
            state = State(nextListener: state.nextListener)
            return nil
        }
    }

    private func take(_ entries: [RootEventParser.Entry]) {
        var fleets: Set<FleetName> = []
        var events: [InstancePaths: [RootEvent]] = [:]
        var folders: [[UInt8]: String] = [:]
        for entry in entries {
            guard case .event(let raw) = entry else {
                fleets.formUnion(state.withLock { $0.wanted.keys })
                continue
            }
            guard let (instance, isNew) = note(raw) else { continue }
            fleets.insert(instance.fleet.fleet)
            guard isNew else { continue }
            let folder = folders[raw.folder] ?? RootEventParser.path(of: raw.folder, on: instance.upperMount)
            folders[raw.folder] = folder
            if let event = Self.event(raw, in: folder, of: instance) {
                events[instance, default: []].append(event)
            }
        }
        // Before it is told: whoever looks then finds who it was.
        for (instance, events) in events { try? RootEventLog(instance).append(events) }
        let listeners = state.withLock { $0.listeners.values.map(\.self) }
        for listener in listeners { for fleet in fleets { listener.yield(fleet) } }
    }

    /// Whose it is, and whether it was not seen before.
    private func note(_ raw: RootEventParser.Raw) -> (InstancePaths, isNew: Bool)? {
        state.withLock { state in
            guard var mark = state.marks[raw.fileSystem] else { return nil }
            if mark.seen.count >= Self.memory { mark.seen = [] }
            let isNew = mark.seen.insert(raw).inserted
            state.marks[raw.fileSystem] = mark
            return (mark.instance, isNew)
        }
    }

    /// nil for what overlayfs does for itself.
    private static func event(
        _ raw: RootEventParser.Raw,
        in folder: String?,
        of instance: InstancePaths
    ) -> RootEvent? {
        let top = instance.changes.string
        guard let folder, folder == top || folder.hasPrefix(top + "/") else { return nil }
        let path = folder.dropFirst(top.count) + (raw.name == "." ? "" : "/\(raw.name)")
        let name = (try? Files.readText(FilePath("/proc/\(raw.pid)/comm"))) ?? ""
        return RootEvent(
            time: WallClock.now,
            path: path.isEmpty ? "/" : String(path),
            what: RootEventParser.what(raw.mask),
            actor: DriftActor(
                pid: raw.pid,
                name: name.isEmpty ? "ended" : String(name.prefix { !$0.isNewline }),
                executable: ProcessLinks.target("exe", of: raw.pid)
            )
        )
    }
}
