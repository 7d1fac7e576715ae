package import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem

/// Brings events to webhooks: each hook's in their order, each at least once, apart from all that changes fleets.
///
/// What a hook has got is kept in the catalog, so that the next courier goes on from there.
package struct WebhookCourier: Sendable {
    private struct Report: Sendable {
        let hook: WebhookPost
        let event: FleetEvent
        let failure: String?
    }

    /// Why the hooks are looked at.
    private enum Turn: Sendable {
        /// Something was written.
        case changed
        /// It is time to.
        case due(BootInstant)
        case sent(Report)
    }

    private static let retry = Duration.seconds(1)
    /// Hooks that are spoken to at once.
    private static let limit = 8
    private static let batch = 200

    private let catalog: Catalog
    private let sender: WebhookSender
    private let board: MetricsBoard

    package init(catalog: Catalog, board: MetricsBoard, sender: WebhookSender = WebhookSender()) {
        self.catalog = catalog
        self.board = board
        self.sender = sender
    }

    /// Runs until its task is cancelled. What is being sent then may be sent again.
    package func run() async throws {
        var paces: [WebhookPost.Key: WebhookPace] = [:]
        var busy: Set<WebhookPost.Key> = []
        var troubles: Set<String> = []
        var alarm: BootInstant?
        let changes = catalog.changes()
        try await withThrowingTaskGroup(of: Turn.self) { group in
            follow(changes, &group)
            group.addTask { .due(.now) }
            while let turn = try await group.next() {
                switch turn {
                case .changed: follow(changes, &group)
                case .due(let time): if alarm == time { alarm = nil }
                case .sent(let report):
                    busy.remove(report.hook.key)
                    await take(report, &paces)
                }
                guard let next = await send(paces, &busy, &troubles, &group), alarm.map({ next < $0 }) ?? true
                else {
                    continue
                }
                alarm = next
                group.addTask {
                    try await Task.sleep(for: max(.zero, BootInstant.now.duration(to: next)))
                    return .due(next)
                }
            }
        }
    }

    /// Those that can be read; of the others it is told once what keeps them back.
    private func posts(_ troubles: inout Set<String>) async -> [WebhookPost] {
        var found: Set<String> = []
        func note(_ fleet: FleetName?, _ error: any Error) {
            if error is CancellationError { return }
            let causes = error.asDiagnostics.flatMap { [$0.message] + $0.causes }
            if let fleet { board.note(delivery: "held-back", to: "", of: fleet) }
            let whose = fleet.map { "a webhook of fleet \($0)" } ?? "webhooks"
            let what = "\(whose) cannot be served: \(causes.joined(separator: ": "))"
            guard found.insert(what).inserted, !troubles.contains(what) else { return }
            Progress.report(.diagnostic(Diagnostic(.warning, code: "webhook.held-back", what)))
        }
        var posts: [WebhookPost] = []
        do {
            posts = try await catalog.webhookPosts { note($0, $1) }
        } catch {
            note(nil, error)
        }
        troubles = found
        return posts
    }

    private func follow(
        _ changes: AsyncStream<Void>,
        _ group: inout ThrowingTaskGroup<Turn, any Error>
    ) {
        group.addTask {
            for await _ in changes {
                // What is written in a row is read at once.
                try await Task.sleep(for: .milliseconds(50))
                return .changed
            }
            throw CancellationError()
        }
    }

    /// Begins to send what is to be sent now; gives when there is more.
    private func send(
        _ paces: [WebhookPost.Key: WebhookPace],
        _ busy: inout Set<WebhookPost.Key>,
        _ troubles: inout Set<String>,
        _ group: inout ThrowingTaskGroup<Turn, any Error>
    ) async -> BootInstant? {
        let now = BootInstant.now
        let posts = await posts(&troubles)
        let retry = now.advanced(by: Self.retry)
        var next = troubles.isEmpty ? nil : retry
        for post in posts where busy.count < Self.limit && !busy.contains(post.key) {
            let pace = paces[post.key] ?? WebhookPace()
            guard pace.isDue(now) else {
                next = [next, pace.nextTry].compactMap(\.self).min()
                continue
            }
            let event: FleetEvent?
            do {
                event = try await self.next(for: post)
            } catch {
                next = [next, retry].compactMap(\.self).min()
                continue
            }
            guard let event else { continue }
            busy.insert(post.key)
            group.addTask {
                .sent(Report(hook: post, event: event, failure: try await failure(event, post.hook)))
            }
        }
        return next
    }

    /// The next event that the hook wants; those that it does not are passed over.
    private func next(for post: WebhookPost) async throws -> FleetEvent? {
        var position = post.sequence
        while true {
            let events = try await catalog.events(following: position, of: post.fleet, limit: Self.batch)
            // A hook that does not answer hears of that no better.
            let event = events.first { $0.kind != .webhookGivenUp && post.hook.wants($0.kind.rawValue) }
            if let event { return event }
            guard let last = events.last else { break }
            position = last.sequence
        }
        if position != post.sequence { try await catalog.moveWebhook(post, to: position) }
        return nil
    }

    private func failure(_ event: FleetEvent, _ hook: WebhookDefinition) async throws -> String? {
        do {
            try await sender.send(event, to: hook)
            return nil
        } catch is CancellationError {
            throw CancellationError()
        } catch let failure as WebhookSender.Failure {
            return failure.reason
        } catch {
            return error.asDiagnostics.map(\.message).joined(separator: "; ")
        }
    }

    private func take(_ report: Report, _ paces: inout [WebhookPost.Key: WebhookPace]) async {
        let (post, event) = (report.hook, report.event)
        var pace = paces[post.key] ?? WebhookPace()
        defer { paces[post.key] = pace }
        func note(_ result: String) { board.note(delivery: result, to: post.hook.shownHost, of: post.fleet) }
        guard let reason = report.failure else {
            pace.delivered()
            note("delivered")
            return await move(post, past: event)
        }
        note("failed")
        let isFirst = pace.failures == 0
        let isGivenUp = pace.failed(age: WallClock.now - event.time, now: .now)
        if isFirst || isGivenUp { tell(post, event, reason, isGivenUp: isGivenUp) }
        if isGivenUp {
            note("given-up")
            // Where it cannot be written down for a moment, it is sent again.
            try? await catalog.giveUpWebhook(post, on: event, reason: reason)
        }
    }

    /// Where it cannot be written down for a moment, the event is sent again.
    private func move(_ post: WebhookPost, past event: FleetEvent) async {
        try? await catalog.moveWebhook(post, to: event.sequence)
    }

    private func tell(_ post: WebhookPost, _ event: FleetEvent, _ reason: String, isGivenUp: Bool) {
        let what = "event \(event.sequence) (\(event.kind.rawValue)) of fleet \(post.fleet)"
        let host = post.hook.shownHost
        Progress.report(
            .diagnostic(
                Diagnostic(
                    .warning,
                    code: isGivenUp ? "webhook.given-up" : "webhook.failed",
                    isGivenUp
                        ? "\(what) is not delivered to the webhook at \(host)"
                        : "the webhook at \(host) does not take \(what)",
                    causes: [reason],
                    hint: isGivenUp ? "kiln events \(post.fleet) has it" : "it is tried again for an hour"
                )
            )
        )
    }
}
