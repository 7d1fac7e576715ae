@preconcurrency import Dispatch
import Glibc
import Synchronization

/// What Ctrl-C (SIGINT), SIGTERM and SIGHUP do; SIGHUP does nothing where it is ignored already.
///
/// The first one cancels the command, which cleans up and ends with status 130. A command that must not stop half-way
/// (a rollout) defers it: then the first one only asks, and the command comes to a safe end by itself. The second one ends
/// the program at once, as a crash would. A terminal that went away is nobody's word, so SIGHUP may ask for something else.
final class Interruption: Sendable {  // a class: the signal handler and the command share the one state
    private struct State {
        var count = 0
        var hasHungUp = false
        var deferral: (@Sendable () -> Void)?
        var hangUp: (@Sendable () -> Void)?
        var cancel: (@Sendable () -> Void)?
        var sources: [any DispatchSourceSignal] = []
    }

    private let state = Mutex(State())

    var isRequested: Bool { state.withLock { $0.count > 0 || $0.hasHungUp } }

    /// Starts to listen; `cancel` is what the first signal does outside of `deferring`.
    func watch(cancel: @escaping @Sendable () -> Void) {
        // Under nohup(1) a terminal that closes is nobody's word.
        let ignored = signal(SIGHUP, SIG_IGN).map { unsafeBitCast($0, to: Int.self) }
        let isHeard = ignored != unsafeBitCast(SIG_IGN, to: Int.self)
        let sources = ([SIGINT, SIGTERM] + (isHeard ? [SIGHUP] : [])).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: number,
                queue: DispatchQueue(label: "kiln.signals")
            )
            source.setEventHandler { [weak self] in self?.received(number) }
            source.activate()
            return source as any DispatchSourceSignal
        }
        state.withLock {
            $0.cancel = cancel
            $0.sources = sources
        }
    }

    /// While the body runs, the first signal calls `ask` instead of cancelling.
    func deferring<Result>(
        _ ask: @escaping @Sendable () -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await deferring(hangUp: ask, ask, body)
    }

    /// The same, with another answer to SIGHUP.
    func deferring<Result>(
        hangUp: @escaping @Sendable () -> Void,
        _ ask: @escaping @Sendable () -> Void,
        _ body: () async throws -> Result
    ) async throws -> Result {
        state.withLock { ($0.deferral, $0.hangUp) = (ask, hangUp) }
        defer { state.withLock { ($0.deferral, $0.hangUp) = (nil, nil) } }
        return try await body()
    }

    /// A terminal that closes sends its SIGHUP more than once, and nobody is there to insist. Who comes back, and asks for an end
    /// by another signal, asks for the first time.
    private func received(_ number: Int32) {
        let action = state.withLock { state -> (@Sendable () -> Void)? in
            if number == SIGHUP {
                if state.count > 0 || state.hasHungUp { return nil }
                state.hasHungUp = true
                return state.hangUp ?? state.cancel
            }
            state.count += 1
            if state.count > 1 { return { _exit(130) } }
            return state.deferral ?? state.cancel
        }
        action?()
    }
}
