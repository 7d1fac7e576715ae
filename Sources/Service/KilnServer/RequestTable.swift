import KilnAPI
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnStore
import KilnSystem
import Synchronization

/// The changes that are under way. They belong to the server and not to a connection: a client that dies ends none.
final class RequestTable: Sendable {  // a class: connections and the server share the one table
    private struct State {
        /// Of each change how it is asked for an end.
        var stops: [RequestID: (signal: StopSignal, manner: StopSignal.Manner)] = [:]
        var isClosed = false
    }

    private let fleets: any ControlledFleets
    private let home: KilnHome
    private let state = Mutex(State())
    private let jobs: AsyncStream<@Sendable () async -> Void>
    private let begin: AsyncStream<@Sendable () async -> Void>.Continuation

    init(fleets: any ControlledFleets, home: KilnHome) {
        self.fleets = fleets
        self.home = home
        (jobs, begin) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
    }

    /// Runs what is begun. Once a stop is requested it takes no more, asks all to leave off and waits for that: what
    /// they began is gone on with by the next one.
    func run(until stop: StopSignal) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await stop.wait()
                self.close()
            }
            for await job in jobs { group.addTask { await job() } }
            close()
        }
    }

    private func close() {
        let stops = state.withLock { state in
            state.isClosed = true
            return state.stops
        }
        begin.finish()
        for stop in stops.values { stop.signal.request(.leaving) }
    }

    /// Begins a change; throws when the server is about to end.
    func start(
        _ change: FleetChange,
        on fleet: FleetName,
        isExamined: Bool,
        options: FleetDriver.Options
    ) throws(APIError) -> (id: RequestID, lines: AsyncStream<AnswerLine>) {
        let (id, feed, stop) = (RequestID.random(), ChangeFeed(), StopSignal())
        // In one step: between the two, the table could close and the change never run.
        let isTaken = state.withLock { state in
            guard !state.isClosed else { return false }
            let result = begin.yield {
                await self.carryOut(change, fleet, isExamined, options, stop, feed)
                self.state.withLock { $0.stops[id] = nil }
            }
            guard case .enqueued = result else { return false }
            state.stops[id] = (stop, change.isOfSession ? .leaving : .pausing)
            return true
        }
        guard isTaken else {
            throw APIError(
                .ending,
                "kiln serve is about to end; nothing was changed",
                hint: "run the command again"
            )
        }
        return (id, feed.lines)
    }

    /// Asks a change for a good end; throws when it is not under way.
    func stop(_ id: RequestID) throws(APIError) {
        guard let stop = state.withLock({ $0.stops[id] }) else {
            throw APIError(
                .unknownRequest,
                "no request \(id) is under way",
                hint: "it may have ended; kiln events tells what it did"
            )
        }
        stop.signal.request(stop.manner)
    }

    private func carryOut(
        _ change: FleetChange,
        _ fleet: FleetName,
        _ isExamined: Bool,
        _ options: FleetDriver.Options,
        _ stop: StopSignal,
        _ feed: ChangeFeed
    ) async {
        await Progress.$receiver.withValue(LoggedFeed(feed: feed, log: Progress.receiver)) {
            do {
                // No collection takes away what the fleet is about to need.
                let outcome = try await StoreLock(home).shared(
                    within: options.wait,
                    isStopped: { stop.isRequested },
                    {
                        try await fleets.perform(
                            change,
                            on: fleet,
                            gate: { content in
                                if !isExamined { throw FleetError.unexamined(content, fleet) }
                            },
                            options: options,
                            stop: stop
                        )
                    }
                )
                feed.end(.outcome(outcome))
            } catch {
                feed.end(.failure(error.asDiagnostics))
            }
        }
    }
}
