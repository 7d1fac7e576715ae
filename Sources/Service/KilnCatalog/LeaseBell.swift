import Dispatch
import Glibc
package import KilnDefinition
import Synchronization
package import SystemPackage

/// Tells those who wait for a fleet's lease, or hold it, that it was given back, or that its holder is to come to an end.
///
/// Within a process it tells at once. Other processes hear it by the catalog file's times, which are set for every word and mean
/// nothing else (inotify(7), `IN_ATTRIB`). It may ring for nothing, and one that cannot be heard is missed: whoever listens looks
/// now and then all the same.
package final class LeaseBell: Sendable {  // a class: copies of a catalog share the listeners
    private struct State {
        var next = 0
        var listeners: [Int: (fleet: FleetName, continuation: AsyncStream<Void>.Continuation)] = [:]
        /// What hears other processes; nil until somebody listens, or where nobody is to.
        var ear: (any DispatchSourceRead)?
    }

    private let file: FilePath
    private let hearsOthers: Bool
    private let state = Mutex(State())

    package init(_ file: FilePath, hearsOthers: Bool) {
        self.file = file
        self.hearsOthers = hearsOthers
    }

    deinit {
        state.withLock { $0.ear }?.cancel()
    }

    /// How many listen.
    package var listeners: Int { state.withLock { $0.listeners.count } }

    package func listen(for fleet: FleetName) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let listener = state.withLock { state in
                state.next += 1
                state.listeners[state.next] = (fleet, continuation)
                if hearsOthers, state.ear == nil { state.ear = openEar() }
                return state.next
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { $0.listeners[listener] = nil }
            }
        }
    }

    package func ring(for fleet: FleetName) {
        tell { $0 == fleet }
        // The file is there: whoever rings has just written to it.
        utimensat(AT_FDCWD, file.string, nil, 0)
    }

    /// Other processes do not say which fleet they mean.
    private func tell(_ isMeant: (FleetName) -> Bool) {
        for listener in state.withLock({ Array($0.listeners.values) }) where isMeant(listener.fleet) {
            listener.continuation.yield()
        }
    }

    private func openEar() -> (any DispatchSourceRead)? {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, file.string, UInt32(IN_ATTRIB)) >= 0 else {
            close(descriptor)
            return nil
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler { [weak self] in
            var events = [UInt8](repeating: 0, count: 4096)
            while read(descriptor, &events, events.count) > 0 {}
            self?.tell { _ in true }
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        return source
    }
}
