/// From an event back to what began it.
package enum CauseChain {
    /// Longer ones are cut off: what is that far back explains little.
    static let limit = 12

    /// The event, then what led to it, and so on.
    package static func of(_ event: FleetEvent, in events: [FleetEvent]) -> [FleetEvent] {
        let known = Dictionary(events.map { ($0.sequence, $0) }) { first, _ in first }
        var chain = [event]
        while chain.count < limit, let cause = chain.last?.cause, let earlier = known[cause],
            earlier.sequence < chain[chain.count - 1].sequence
        {
            chain.append(earlier)
        }
        return chain
    }

    /// Of the newest event that says where the fleet stands.
    package static func ofState(_ events: [FleetEvent]) -> [FleetEvent] {
        events.last { $0.kind.isTurn }.map { of($0, in: events) } ?? []
    }

    /// Of the newest event about an instance.
    package static func of(_ instance: InstanceID, in events: [FleetEvent]) -> [FleetEvent] {
        events.last { $0.instance == instance }.map { of($0, in: events) } ?? []
    }
}

extension FleetEvent.Kind {
    /// Whether a fleet does something else from there on.
    fileprivate var isTurn: Bool {
        switch self {
        case .fleetCreated, .policyChanged, .releaseStable, .releaseQuarantined, .rolloutBefore,
            .rolloutStarted, .rolloutPaused, .rolloutStep, .rolloutAborted, .fleetFrozen, .rolloutBaking,
            .rolloutRollingBack,
            .rolloutFinished, .healing, .fleetAlert, .certificateRefused, .instanceFailed, .instanceDrifted,
            .instanceCondemned, .instanceDebugged:
            true
        case .fleetDestroyed, .releaseMade, .releaseSubmitted, .quarantineLifted, .rolloutResumed,
            .rolloutAnalysis, .rolloutPromoted, .instanceCreated, .instanceServing, .instanceUnhealthy,
            .instanceLeaving,
            .instanceRemoved, .instanceFound, .debugEnded, .platformTrouble, .webhookGivenUp,
            .certificateRenewed:
            false
        }
    }
}
