import KilnAPI
import KilnDiagnostics

/// What a change says, kept until somebody reads it. When nobody does, only the newest is kept, and its end in any case.
final class ChangeFeed: ProgressReceiver {  // a class: the change and its listener share the one feed
    private static let limit = 10_000

    let lines: AsyncStream<AnswerLine>
    private let continuation: AsyncStream<AnswerLine>.Continuation

    init() {
        (lines, continuation) = AsyncStream.makeStream(
            of: AnswerLine.self,
            bufferingPolicy: .bufferingNewest(Self.limit)
        )
    }

    func receive(_ fact: ProgressFact) {
        continuation.yield(.progress(fact))
    }

    /// Says how the change ended, and nothing after that.
    func end(_ line: AnswerLine) {
        continuation.yield(line)
        continuation.finish()
    }
}

/// A feed whose lines the server's own log has too: what happened to a fleet stands in one place, whoever asked for it.
struct LoggedFeed: ProgressReceiver {
    let feed: ChangeFeed
    let log: (any ProgressReceiver)?

    func receive(_ fact: ProgressFact) {
        feed.receive(fact)
        if case .output = fact { log?.receive(fact) }
    }
}
