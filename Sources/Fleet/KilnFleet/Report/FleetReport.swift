package import KilnDefinition
import KilnRollout

/// What became of a fleet's rollouts and instances in a stretch of time.
package struct FleetReport: Sendable, Hashable, Codable {
    package let fleet: FleetName
    /// Rollouts that a person began towards something new, or the same again.
    package let deploys: Int
    /// Rollouts back: by a person to an earlier release, or by Kiln since one failed.
    package let rollbacks: Int
    /// Deploys that did not end stable: rolled back, stopped, left to people.
    package let failures: Int
    /// Of a hundred deploys that ended, those that failed; nil when none ended.
    package let changeFailureRate: Double?
    /// In seconds, from a deploy's beginning until it was stable; nil when none was.
    package let medianTimeToStable: Int64?
    package let p95TimeToStable: Int64?
    /// Instances that were made in the place of others, outside of rollouts, by what became of those.
    package let replacements: [Replacement]
    /// Instances that were found to differ from their release.
    package let drifted: Int
    /// How far the image that runs is behind its archives; nil when nobody asked them.
    package let patches: PatchSummary?

    package struct Replacement: Sendable, Hashable, Codable {
        /// `failed`, `ended`, `drifted`, `condemned`, `found`.
        package let cause: String
        package let count: Int
    }
}

extension FleetReport {
    /// Pure: counts what is written down since `start`, in seconds since 1970.
    package init(
        _ fleet: FleetName,
        rollouts: [RolloutRecord],
        events: [FleetEvent],
        since start: Int64,
        patches: PatchSummary? = nil
    ) {
        let own = rollouts.filter { $0.started >= start }
        let deploys = own.filter { !$0.isWayBack }
        let ended = deploys.filter { $0.isEnded && !$0.isSuperseded }
        let failures = ended.filter(\.isFailure)
        let times = deploys.compactMap(\.timeToStable).sorted()
        self.fleet = fleet
        self.patches = patches
        self.deploys = deploys.count
        rollbacks = own.count(where: \.isWayBack) + deploys.count(where: \.wentBack)
        self.failures = failures.count
        changeFailureRate = ended.isEmpty ? nil : 100 * Double(failures.count) / Double(ended.count)
        medianTimeToStable = Self.quantile(0.5, of: times)
        p95TimeToStable = Self.quantile(0.95, of: times)
        let recent = events.filter { $0.time >= start }
        drifted = recent.count { $0.kind == .instanceDrifted }
        replacements = Self.replacements(recent, all: events)
    }

    /// The nearest rank: a time that really was.
    static func quantile(_ part: Double, of sorted: [Int64]) -> Int64? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((part * Double(sorted.count)).rounded(.up))
        return sorted[min(sorted.count, max(1, rank)) - 1]
    }

    private static func replacements(_ recent: [FleetEvent], all: [FleetEvent]) -> [Replacement] {
        let kinds = Dictionary(all.map { ($0.sequence, $0.kind) }) { first, _ in first }
        var counts: [String: Int] = [:]
        for event in recent where event.kind == .instanceCreated {
            guard let word = event.cause.flatMap({ kinds[$0] })?.replacementWord else { continue }
            counts[word, default: 0] += 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            Replacement(cause: $0, count: $1)
        }
    }
}

extension FleetEvent.Kind {
    /// What it says of an instance that another one replaces; nil where it is no such event.
    fileprivate var replacementWord: String? {
        switch self {
        case .instanceFailed: "failed"
        case .instanceLeaving: "ended"
        case .instanceDrifted: "drifted"
        case .instanceCondemned: "condemned"
        case .instanceDebugged: "debugged"
        case .instanceFound: "found"
        default: nil
        }
    }
}

extension RolloutRecord {
    /// Begun by a person towards an earlier release.
    fileprivate var isWayBack: Bool { from.map { to < $0 } ?? false }

    fileprivate var isFailure: Bool {
        switch outcome {
        case .rolledBack, .stopped, .frozen: true
        case .stable, .degraded, .untried, nil: false
        }
    }

    fileprivate var wentBack: Bool { if case .rolledBack = outcome { true } else { false } }

    fileprivate var timeToStable: Int64? {
        guard case .stable = outcome, let finished else { return nil }
        return max(0, finished - started)
    }
}
