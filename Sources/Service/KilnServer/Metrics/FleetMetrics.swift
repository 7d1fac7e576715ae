package import KilnCatalog
package import KilnDefinition
import KilnDrift
package import KilnFleet
import KilnOCI
import KilnRollout
package import KilnStore
import KilnSystem

/// The metrics of a home: what the catalog remembers, what the platform shows, and what this process noted.
package struct FleetMetrics: Sendable {
    /// Asks a fleet's balancer what it counted.
    package typealias RequestCounter = @Sendable (FleetName) async -> BalancerTotals?

    private let version: String
    private let catalog: Catalog
    private let platform: any InstancePlatform
    private let images: ImageStore
    private let board: MetricsBoard
    private let requests: RequestCounter
    private let time: @Sendable () -> Int64

    /// `time` gives seconds since 1970.
    package init(
        version: String,
        catalog: Catalog,
        platform: any InstancePlatform,
        images: ImageStore,
        board: MetricsBoard,
        requests: @escaping RequestCounter,
        time: @escaping @Sendable () -> Int64 = { WallClock.now }
    ) {
        self.version = version
        self.catalog = catalog
        self.platform = platform
        self.images = images
        self.board = board
        self.requests = requests
        self.time = time
    }

    /// The text of `/metrics`. A fleet that cannot be looked at for a moment lacks what only a look could tell.
    package func text() async throws -> String {
        var looks: [FleetSight] = []
        for record in try await catalog.fleets() {
            looks.append(
                FleetSight(
                    record: record,
                    instances: try await catalog.instances(of: record.name),
                    seen: try? await platform.observe(record.name),
                    rollouts: try await catalog.rollouts(of: record.name, limit: 10_000),
                    requests: await requests(record.name),
                    certificates: await platform.certificates(of: record.policy.settings(of: record.name)),
                    imageCreated: try await imageCreated(record),
                    patches: try await patches(record)
                )
            )
        }
        board.forget(allBut: Set(looks.map(\.record.name)))
        var text = MetricsText()
        text.add(.buildInfo, [([("version", version)], 1)])
        ProcessMetrics.current()?.add(to: &text)
        addFleets(looks, to: &text)
        addPatches(looks, to: &text)
        addRollouts(looks, to: &text)
        addRequests(looks, to: &text)
        addNotes(to: &text)
        return text.text
    }

    private func release(of record: FleetRecord) async throws -> ReleaseEntry? {
        guard let target = record.rollout.target?.releaseNumber else { return nil }
        return try await catalog.releaseEntries(of: record.name).first { $0.number == target }
    }

    private func patches(_ record: FleetRecord) async throws -> PatchSummary? {
        guard let release = try await release(of: record) else { return nil }
        return try await catalog.patchState(of: release.image)?.summary
    }

    private func imageCreated(_ record: FleetRecord) async throws -> Int64? {
        guard let release = try await release(of: record) else { return nil }
        let created = try? images.config(images.manifest(release.image).value).value.created
        return created.flatMap { WallClock.parse($0) }
    }

    private func addFleets(_ looks: [FleetSight], to text: inout MetricsText) {
        text.add(.wanted, looks.map { ($0.labels, Double($0.record.policy.instances)) })
        text.add(.serving, looks.compactMap { look in look.serving.map { (look.labels, Double($0)) } })
        text.add(
            .instances,
            looks.flatMap { look in
                look.states.map { state in
                    let labels = [("release", "\(state.release)"), ("state", state.state)]
                    return (look.labels + labels, Double(state.count))
                }
            }
        )
        text.add(.phase, looks.map { ($0.labels + [("phase", $0.phase)], 1) })
        text.add(
            .imageAge,
            looks.compactMap { look in
                look.imageCreated.map { (look.labels, Double(max(0, time() - $0))) }
            }
        )
    }

    private func addPatches(_ looks: [FleetSight], to text: inout MetricsText) {
        let known = looks.compactMap { look in look.patches.map { (look.labels, $0) } }
        text.add(.patchLag, known.map { ($0, Double($1.lag(now: time()))) })
        text.add(.outdated, known.map { ($0, Double($1.behind)) })
        text.add(.patchCheck, known.map { ($0, Double($1.checked)) })
    }

    private func addRollouts(_ looks: [FleetSight], to text: inout MetricsText) {
        text.add(
            .rollouts,
            looks.flatMap { look in
                look.outcomes.sorted { $0.key < $1.key }.map { word, count in
                    (look.labels + [("outcome", word)], Double(count))
                }
            }
        )
        text.add(.rolloutDuration, looks.map { ($0.labels, $0.durations) })
        text.add(.rolloutRunning, looks.map { ($0.labels, $0.isRolling ? 1 : 0) })
    }

    private func addRequests(_ looks: [FleetSight], to text: inout MetricsText) {
        let counted = looks.compactMap { look in look.requests.map { (look.labels, $0) } }
        text.add(.requests, counted.map { ($0, Double($1.requests)) })
        text.add(
            .answers,
            counted.flatMap { labels, counts in
                counts.answers.sorted { $0.key < $1.key }.map { code, count in
                    (labels + [("code", code == 0 ? "other" : "\(code)xx")], Double(count))
                }
            }
        )
        text.add(
            .instanceErrors,
            counted.flatMap { labels, counts in
                [
                    (labels + [("kind", "connect")], Double(counts.connectionErrors)),
                    (labels + [("kind", "response")], Double(counts.responseErrors)),
                ]
            }
        )
        text.add(
            .certificateExpiry,
            looks.flatMap { look in
                look.certificates.compactMap { listener in
                    listener.expires.map { (look.labels + [("listener", listener.address)], Double($0)) }
                }
            }
        )
    }

    private func addNotes(to text: inout MetricsText) {
        let notes = board.seen
        func labels(_ fleet: FleetName) -> MetricsText.Labels { [("fleet", fleet.description)] }
        text.add(
            .driftFindings,
            notes.drift.sorted { $0.key < $1.key }.flatMap { fleet, kinds in
                DriftFinding.Kind.allCases.map { kind in
                    (labels(fleet) + [("kind", kind.rawValue)], Double(kinds[kind] ?? 0))
                }
            }
        )
        text.add(
            .driftInspections,
            notes.inspections.sorted { $0.key < $1.key }.map { (labels($0.key), Double($0.value)) }
        )
        text.add(
            .replacement,
            notes.replacements.sorted { $0.key < $1.key }.map { (labels($0.key), $0.value) }
        )
        if notes.looks.count > 0 { text.add(.look, [([], notes.looks)]) }
        if let last = notes.lastLook { text.add(.lastLook, Double(last)) }
        let deliveries = notes.deliveries.map { delivery, count in
            (
                labels(delivery.fleet) + [("hook", delivery.hook), ("result", delivery.result)],
                Double(count)
            )
        }
        text.add(
            .deliveries,
            deliveries.sorted { $0.0.map(\.value).lexicographicallyPrecedes($1.0.map(\.value)) }
        )
    }
}

/// One fleet as metrics see it.
private struct FleetSight {
    struct State {
        let release: ReleaseNumber
        let state: String
        let count: Int
    }

    let record: FleetRecord
    let instances: [InstanceRecord]
    /// nil when nobody could look.
    let seen: [InstanceObservation]?
    let rollouts: [RolloutRecord]
    let requests: BalancerTotals?
    let certificates: [ListenerCertificate]
    /// Seconds since 1970.
    let imageCreated: Int64?
    let patches: PatchSummary?

    var labels: MetricsText.Labels { [("fleet", record.name.description)] }

    var serving: Int? {
        seen?.count { observation in
            guard case .running = observation.process else { return false }
            return record.policy.listen == nil || observation.traffic == .ready
        }
    }

    var states: [State] {
        guard let seen else { return [] }
        let observed = Dictionary(seen.map { ($0.spec.id, $0) }) { first, _ in first }
        let words = instances.map { ($0.release, Self.word(for: $0, observed[$0.id])) }
        let counts = Dictionary(grouping: words) { "\($0.0.rawValue) \($0.1)" }
        return counts.values.compactMap { group in
            group.first.map { State(release: $0.0, state: $0.1, count: group.count) }
        }.sorted { ($0.release, $0.state) < ($1.release, $1.state) }
    }

    private static func word(for record: InstanceRecord, _ seen: InstanceObservation?) -> String {
        if record.isStopping { return "stopping" }
        switch seen?.process {
        case .running:
            if case .draining = seen?.traffic { return "draining" }
            return "running"
        case .exited: return "ended"
        case .incomplete: return "starting"
        case nil: return "missing"
        }
    }

    var phase: String {
        if record.rollout.freeze != nil { return "frozen" }
        if record.rollout.isPaused { return "paused" }
        return switch record.rollout.phase {
        case .steady: "steady"
        case .rolling: "rolling"
        case .baking: "baking"
        case .rollingBack: "rolling-back"
        case .stopping: "stopping"
        case .stopped: "stopped"
        case .frozen: "frozen"
        }
    }

    var isRolling: Bool { rollouts.first.map { $0.outcome == nil && !$0.isSuperseded } ?? false }

    var outcomes: [String: Int] {
        rollouts.reduce(into: [:]) { counts, rollout in
            if let word = rollout.endWord { counts[word, default: 0] += 1 }
        }
    }

    var durations: Histogram {
        var histogram = Histogram(bounds: [5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600])
        for rollout in rollouts where rollout.outcome != nil && !rollout.isSuperseded {
            if let finished = rollout.finished { histogram.observe(Double(finished - rollout.started)) }
        }
        return histogram
    }
}

extension RolloutRecord {
    fileprivate var endWord: String? {
        if isSuperseded { return "superseded" }
        return switch outcome {
        case .stable: "stable"
        case .rolledBack: "rolled-back"
        case .stopped: "stopped"
        case .frozen: "frozen"
        case .degraded: "degraded"
        case .untried: "untried"
        case nil: nil
        }
    }
}
