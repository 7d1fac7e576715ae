import Dispatch

/// Runs calls that block (socket I/O, big copies, hashing) away from the threads that Swift's tasks share.
package enum Blocking {
    private static let queue = DispatchQueue(label: "kiln.blocking", attributes: .concurrent)

    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
