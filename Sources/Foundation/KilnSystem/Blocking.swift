import Dispatch
import Synchronization

/// Runs calls that block (socket I/O, big copies, hashing) away from the threads that Swift's tasks share.
package enum Blocking {
    /// Set when the task that waits is cancelled. A class: the waiting task and the blocking thread share it.
    private final class Cancellation: Sendable {
        let isRequested = Atomic(false)
    }

    private static let queue = DispatchQueue(label: "kiln.blocking", attributes: .concurrent)
    @TaskLocal private static var cancellation: Cancellation?

    /// Waits for the body to end, cancelled or not: a body that takes long asks `checkCancellation` on its way.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
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
