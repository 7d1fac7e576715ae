import KilnRegistry
import Synchronization

/// Answers what a test says, and remembers what it was asked. A class: the client's tasks share it.
final class ScriptedTransport: HTTPTransport, Sendable {
    private let asked = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (_ request: HTTPRequest, _ number: Int) throws -> HTTPResponse

    init(_ answer: @escaping @Sendable (_ request: HTTPRequest, _ number: Int) throws -> HTTPResponse) {
        self.answer = answer
    }

    var requests: [HTTPRequest] { asked.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let number = asked.withLock { requests in
            requests.append(request)
            return requests.count
        }
        return try answer(request, number)
    }
}

/// A clock on which sleeping takes no time.
struct HastyClock: Clock {
    typealias Instant = ContinuousClock.Instant

    var now: Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
    }
}
