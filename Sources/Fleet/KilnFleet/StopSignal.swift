import Synchronization

/// A request to come to a good end: what is under way finishes, nothing new begins.
package final class StopSignal: Sendable {  // a class: signal handler and drivers share the one signal
    package enum Manner: Sendable {
        /// The rollout is left paused: it goes on when a person says so.
        case pausing
        /// The rollout is left as it is written down: whoever drives the fleet next goes on with it.
        case leaving
        /// Nobody is there any more to say a word: as `leaving`, and what another process carries out goes on there.
        case abandoning
    }

    private struct State {
        var manner: Manner?
        var requester: String?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Cancelled before they came to wait.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isRequested: Bool { manner != nil }

    /// How the work is to end; nil while it may go on.
    package var manner: Manner? { state.withLock { $0.manner } }

    /// Who asked, for people, where that is not Ctrl-C.
    package var requester: String? { state.withLock { $0.requester } }

    /// Runs the body with a signal of its own: a request of this one reaches it, and not the other way round.
    package func branch<Result: Sendable>(
        _ body: (StopSignal) async throws -> Result
    ) async rethrows -> Result {
        let branch = StopSignal()
        async let _ = relay(to: branch)
        return try await body(branch)
    }

    private func relay(to branch: StopSignal) async {
        await wait()
        if let manner { branch.request(manner, by: requester) }
    }

    /// The first request decides how.
    package func request(_ manner: Manner = .pausing, by requester: String? = nil) {
        let waiters = state.withLock { state in
            if state.manner == nil { (state.manner, state.requester) = (manner, requester) }
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns when a stop is requested, or the waiting task is cancelled.
    package func wait() async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.manner != nil || state.cancelled.remove(waiter) != nil { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                let continuation = state.waiters.removeValue(forKey: waiter)
                if continuation == nil { state.cancelled.insert(waiter) }
                return continuation
            }
            continuation?.resume()
        }
    }
}
