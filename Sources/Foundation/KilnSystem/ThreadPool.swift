import Dispatch
import Glibc
import Synchronization

/// Threads of our own for what blocks. They are made as they are needed, up to a limit, and end when nothing came for a while.
///
/// Dispatch has as many threads as there are cores, and Swift's tasks run on those same ones: a call that blocks one of them
/// holds up what has nothing to do with it.
package final class ThreadPool: Sendable {  // a class: its threads and those who give them work share it
    package typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var threads = 0
        /// Threads that wait for a job.
        var idle = 0
    }

    private let limit: Int
    private let patience: DispatchTimeInterval
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// A thread that has nothing to do ends after `patience`.
    package init(limit: Int, patience: Duration = .seconds(5)) {
        self.limit = max(1, limit)
        self.patience = .milliseconds(Int(patience / .milliseconds(1)))
    }

    /// How many threads there are now.
    package var count: Int { state.withLock { $0.threads } }

    /// Has the job done, in the order in which jobs come.
    package func begin(_ job: @escaping Job) {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.jobs.count > state.idle, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread() } else { wake.signal() }
    }

    private func startThread() {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { context in
                if let context { Unmanaged<ThreadPool>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            },
            context.toOpaque()
        )
        if status == 0 {
            pthread_detach(thread)
            return
        }
        context.release()
        // The machine has no room for another one: those that are there do it, or Dispatch's own.
        let isLast = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        if isLast { DispatchQueue.global().async { while let job = self.next() { job() } } }
    }

    private func next() -> Job? {
        state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
    }

    private func work() {
        Self.blockSignals()
        while true {
            while let job = next() { job() }
            let hasWork = state.withLock { state in
                if state.jobs.isEmpty { state.idle += 1 }
                return !state.jobs.isEmpty
            }
            if hasWork { continue }
            let isLate = wake.wait(timeout: .now() + patience) == .timedOut
            let ends = state.withLock { state in
                state.idle -= 1
                guard isLate, state.jobs.isEmpty else { return false }
                state.threads -= 1
                return true
            }
            if ends { return }
        }
    }

    /// Signals are others' to take, but for those that a thread brings upon itself.
    private static func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        for own in [SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE] { sigdelset(&signals, own) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
