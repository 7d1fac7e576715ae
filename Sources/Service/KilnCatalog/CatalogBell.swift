import KilnFleet
import Synchronization

/// Tells those who follow what is written that something was.
final class CatalogBell: Sendable {  // a class: copies of a catalog share the listeners
    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        /// As it was found last.
        var revision: StoreRevision?
    }

    private let state = Mutex(State())

    func listen() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let listener = state.withLock { state in
                state.next += 1
                state.listeners[state.next] = continuation
                return state.next
            }
            continuation.onTermination = { [self] _ in
                state.withLock { $0.listeners[listener] = nil }
            }
        }
    }

    func ring() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }

    /// Rings where that is another state than the one that was found before.
    func note(_ revision: StoreRevision) {
        let moved = state.withLock { state in
            defer { state.revision = revision }
            return state.revision != revision
        }
        if moved { ring() }
    }
}
