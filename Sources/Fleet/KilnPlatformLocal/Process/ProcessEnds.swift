import CLinux
import Glibc
package import KilnDefinition
import KilnSystem
import Synchronization
package import SystemPackage

/// Tells at once that an instance's process ended, without asking for it again and again.
///
/// One thread waits for all of them (pidfd_open(2), poll(2)), for as long as somebody listens.
package final class ProcessEnds: Sendable {  // a class: copies of a platform share it
    package struct Watched: Sendable, Hashable {
        package let process: ProcessIdentity
        /// Where its supervisor notes how it ended, a moment later.
        package let exitStatus: FilePath?

        package init(process: ProcessIdentity, exitStatus: FilePath?) {
            self.process = process
            self.exitStatus = exitStatus
        }
    }

    private struct State {
        var nextListener = 0
        var listeners: [Int: AsyncStream<FleetName>.Continuation] = [:]
        var wanted: [FleetName: Set<Watched>] = [:]
        /// Those that the thread waits for.
        var alive: Set<ProcessIdentity> = []
        var isWaiting = false
        /// Written to when the thread is to look at what is wanted again.
        var bell: Int32 = -1
    }

    /// How long the supervisor gets to note an end before it is told without.
    private static let noteTime = 20

    private let state = Mutex(State())
    /// Its own, since it waits for good: it would hold one of the few on which everybody's tasks run.
    private let thread = ThreadPool(limit: 1)

    package init() {}

    /// Fleets whose processes end, of those that are watched from now on.
    package func listen() -> AsyncStream<FleetName> {
        AsyncStream { continuation in
            let listener = state.withLock { state in
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                return state.nextListener
            }
            continuation.onTermination = { [self] _ in
                state.withLock { state in
                    state.listeners[listener] = nil
                    ring(&state)
                }
            }
        }
    }

    /// These are the fleet's processes that run.
    package func watch(_ fleet: FleetName, _ running: [Watched]) {
        let isNeeded = state.withLock { state in
            if state.listeners.isEmpty { return false }
            let running = Set(running)
            if state.wanted[fleet, default: []] != running {
                state.wanted[fleet] = running.isEmpty ? nil : running
                ring(&state)
            }
            if state.isWaiting { return false }
            state.bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
            state.isWaiting = state.bell >= 0
            return state.isWaiting
        }
        if isNeeded { thread.begin { [self] in wait() } }
    }

    /// Those that are known to run without looking: an end is told at once.
    package var alive: Set<ProcessIdentity> { state.withLock { $0.alive } }

    private func ring(_ state: inout State) {
        guard state.isWaiting else { return }
        var one: UInt64 = 1
        _ = write(state.bell, &one, MemoryLayout<UInt64>.size)
    }

    /// Ends when nobody listens any more.
    private func wait() {
        var descriptors: [Watched: Int32] = [:]
        var known: Set<Watched> = []
        defer { for descriptor in descriptors.values { close(descriptor) } }
        while let (wanted, bell) = awaited() {
            let all = Set(wanted.values.joined())
            for gone in known.subtracting(all) {
                if let descriptor = descriptors.removeValue(forKey: gone) { close(descriptor) }
            }
            // One whose number is somebody else's by now ended long ago, which the look that found it running will find too.
            for new in all.subtracting(known) { descriptors[new] = Self.open(new.process) }
            known = all
            note(descriptors.keys)
            var entries = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
            let order = Array(descriptors)
            entries += order.map { pollfd(fd: $0.value, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
            var count: UInt64 = 0
            if entries[0].revents != 0 { _ = read(bell, &count, MemoryLayout<UInt64>.size) }
            let ended = zip(order, entries.dropFirst()).filter { $1.revents != 0 }.map(\.0)
            for (watched, descriptor) in ended {
                close(descriptor)
                descriptors[watched] = nil
            }
            note(descriptors.keys)
            tell(Set(ended.map(\.key)), wanted)
        }
    }

    /// nil when nobody listens any more; the bell is gone then.
    private func awaited() -> (wanted: [FleetName: Set<Watched>], bell: Int32)? {
        state.withLock { state in
            guard state.listeners.isEmpty else { return (state.wanted, state.bell) }
            close(state.bell)
            state.isWaiting = false
            state.wanted = [:]
            state.alive = []
            return nil
        }
    }

    private func note(_ alive: some Collection<Watched>) {
        let alive = Set(alive.map(\.process))
        state.withLock { $0.alive = alive }
    }

    private func tell(_ ended: Set<Watched>, _ wanted: [FleetName: Set<Watched>]) {
        if ended.isEmpty { return }
        // A fleet whose end is told with its status needs no second look.
        let notes = ended.compactMap(\.exitStatus)
        for _ in 0..<Self.noteTime where !notes.allSatisfy({ Files.exists($0) }) { usleep(2000) }
        let fleets = wanted.filter { !$0.value.isDisjoint(with: ended) }.keys
        let listeners = state.withLock { $0.listeners.values.map(\.self) }
        for listener in listeners {
            for fleet in fleets { listener.yield(fleet) }
        }
    }

    private static func open(_ process: ProcessIdentity) -> Int32? {
        let descriptor = kiln_pidfd_open(process.pid)
        guard descriptor >= 0 else { return nil }
        if process.isAlive { return descriptor }
        close(descriptor)
        return nil
    }
}
