/// One event of an OSV range (OSV schema 1.7, `affected[].ranges[].events[]`).
package enum RangeEvent: Sendable, Hashable {
    case introduced(String)
    case fixed(String)
    case lastAffected(String)
    /// Nothing at or past it is meant.
    case limit(String)

    fileprivate var text: String {
        switch self {
        case .introduced(let text), .fixed(let text), .lastAffected(let text), .limit(let text): text
        }
    }
}

/// Turns the events of a range into the intervals that they mean, by OSV's own evaluation ("Evaluation", OSV schema).
package enum RangeEvents {
    private struct Step {
        let event: RangeEvent
        /// nil: `0`, which stands before every version.
        let key: VersionKey?

        /// At one version a fix comes before an introduction, and what is affected last ends after it.
        var rank: Int {
            switch event {
            case .fixed, .limit: 0
            case .introduced: 1
            case .lastAffected: 2
            }
        }
    }

    package static func intervals(
        _ events: [RangeEvent],
        scheme: VersionScheme
    ) throws(VersionSyntaxError) -> [VersionInterval] {
        var steps: [Step] = []
        for event in events {
            let text = event.text
            if case .introduced = event, text == "0" {
                steps.append(Step(event: event, key: nil))
            } else if case .limit = event, text == "*" {
                continue
            } else {
                steps.append(Step(event: event, key: try scheme.key(of: text)))
            }
        }
        return sweep(steps.sorted(by: isBefore))
    }

    private static func isBefore(_ left: Step, _ right: Step) -> Bool {
        guard left.key != right.key else { return left.rank < right.rank }
        guard let a = left.key else { return true }
        guard let b = right.key else { return false }
        return a < b
    }

    private static func sweep(_ steps: [Step]) -> [VersionInterval] {
        var intervals: [VersionInterval] = []
        var open: VersionInterval?
        for step in steps {
            switch step.event {
            case .introduced:
                if open == nil {
                    open = VersionInterval(lower: step.key.map { .init($0, isInclusive: true) })
                }
            case .fixed(let text):
                guard var interval = open, let key = step.key else { continue }
                interval.upper = .init(key, isInclusive: false)
                interval.fixed = text
                intervals.append(interval)
                open = nil
            case .lastAffected, .limit:
                guard var interval = open, let key = step.key else { continue }
                interval.upper = .init(key, isInclusive: step.rank == 2)
                intervals.append(interval)
                open = nil
            }
        }
        if let open { intervals.append(open) }
        return intervals.filter { !$0.isEmpty }
    }
}
