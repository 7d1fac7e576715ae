import Glibc
import Synchronization

/// Runs calls that block away from the threads that Swift's tasks share.
package enum Blocking {
    /// Set when the task that waits is cancelled. A class: the waiting task and the blocking thread share it.
    private final class Cancellation: Sendable {
        let isRequested = Atomic(false)
    }

    /// For what keeps a core busy: no more at once than there are cores.
    private static let computing = ThreadPool(
        limit: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    )
    /// For what waits for others, who may be slow or never answer: many at once.
    private static let waiting = ThreadPool(limit: 512)
    @TaskLocal private static var cancellation: Cancellation?

    /// Runs what computes (big copies, hashing), and waits for it to end, cancelled or not: a body that takes long asks
    /// `checkCancellation` on its way.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await run(on: computing, body)
    }

    /// The same for what waits for somebody else, such as an answer from a socket.
    package static func wait<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await run(on: waiting, body)
    }

    /// The same on threads that are kept for one purpose.
    package static func run<Result: Sendable>(
        on threads: ThreadPool,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                threads.begin {
                    let result = Swift.Result { try $cancellation.withValue(cancellation) { try body() } }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            cancellation.isRequested.store(true, ordering: .relaxed)
        }
    }

    /// Throws `CancellationError` once the task that waits for the surrounding `run` is cancelled.
    package static func checkCancellation() throws {
        if cancellation?.isRequested.load(ordering: .relaxed) == true { throw CancellationError() }
    }
}
