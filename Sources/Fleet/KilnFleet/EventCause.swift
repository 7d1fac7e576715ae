/// Where the event is that led to another one.
package enum EventCause: Sendable, Hashable {
    /// By its sequence.
    case written(Int64)
    /// The nth event, from 0, of the edits that are committed with it.
    case committed(Int)
}

/// Which event leads to which: reads a fleet's events in their order, and says what the next one follows from.
///
/// What a person asks for has no cause here. A replacement follows from what became of the instance whose place was free
/// first; where none is, from what the fleet is doing.
struct EventCauses: Sendable {
    /// Places that are free are remembered up to here: more at once say nothing of one another.
    private static let gapLimit = 64

    /// What the fleet is doing: a rollout, a way back, a change of its size, healing.
    private var work: EventCause?
    /// The newest event that gave it something to heal.
    private var trouble: EventCause?
    private var failure: EventCause?
    private var verdict: EventCause?
    /// How far the rollout has come.
    private var turn: EventCause?
    private var isRolling = false
    private var made: [ReleaseNumber: EventCause] = [:]
    /// Why an instance has to go, and what was last told of it.
    private var reasons: [InstanceID: EventCause] = [:]
    private var last: [InstanceID: EventCause] = [:]
    /// Why there are places that nothing has been made in yet, oldest first.
    private var gaps: [EventCause] = []

    func cause(of event: FleetEvent) -> EventCause? {
        let instance = event.instance
        switch event.kind {
        case .rolloutStarted, .rolloutBefore: return event.release.flatMap { made[$0] }
        case .releaseSubmitted, .rolloutStep, .rolloutAnalysis, .rolloutBaking, .fleetDestroyed: return work
        case .releaseStable, .rolloutFinished: return turn ?? work
        case .releaseQuarantined: return failure ?? work
        case .rolloutRollingBack: return verdict ?? work
        case .healing: return trouble
        case .instanceCreated: return gaps.first ?? work
        case .instanceServing: return instance.flatMap { last[$0] }
        case .instanceFailed, .debugEnded: return instance.flatMap { reasons[$0] }
        case .instanceLeaving: return instance.flatMap { reasons[$0] } ?? work
        case .instanceRemoved: return instance.flatMap { last[$0] ?? reasons[$0] } ?? work
        case .fleetCreated, .policyChanged, .releaseMade, .quarantineLifted, .rolloutResumed, .rolloutPaused,
            .rolloutPromoted, .rolloutAborted, .fleetFrozen, .fleetAlert, .instanceUnhealthy,
            .instanceCondemned, .instanceDrifted, .instanceDebugged, .instanceFound, .platformTrouble,
            .webhookGivenUp,
            .certificateRenewed, .certificateRefused:
            return nil
        }
    }

    mutating func note(_ event: FleetEvent, at place: EventCause) {
        switch event.kind {
        case .releaseMade: if let release = event.release { made[release] = place }
        case .rolloutStarted:
            (work, turn, verdict, failure) = (place, nil, nil, nil)
            (isRolling, gaps) = (true, [])
        case .policyChanged: (work, trouble) = (place, place)
        case .healing: work = place
        case .rolloutRollingBack: (work, turn, isRolling) = (place, place, true)
        case .rolloutBaking, .releaseStable: turn = place
        case .releaseQuarantined, .rolloutAborted: (verdict, turn) = (place, place)
        case .rolloutFinished:
            (work, trouble, failure, verdict, turn) = (nil, nil, nil, nil, nil)
            (isRolling, gaps) = (false, [])
        case .fleetDestroyed: self = EventCauses()
        default: if let instance = event.instance { note(event.kind, of: instance, at: place) }
        }
    }

    private mutating func note(_ kind: FleetEvent.Kind, of instance: InstanceID, at place: EventCause) {
        switch kind {
        case .instanceUnhealthy: (reasons[instance], trouble) = (place, place)
        case .instanceFailed:
            failure = place
            free(instance, place)
        case .instanceCondemned, .instanceDrifted, .instanceDebugged, .instanceFound: free(instance, place)
        case .instanceCreated:
            last[instance] = place
            if !gaps.isEmpty { gaps.removeFirst() }
        case .instanceLeaving:
            last[instance] = place
            // It ended while nobody watched: nothing else says why it is replaced.
            if !isRolling, reasons[instance] == nil { free(instance, place) }
        case .instanceServing, .debugEnded: last[instance] = place
        case .instanceRemoved: (last[instance], reasons[instance]) = (nil, nil)
        default: break
        }
    }

    private mutating func free(_ instance: InstanceID, _ place: EventCause) {
        // A failure that was told before is the same gap.
        let isKnown = reasons[instance].map(gaps.contains) ?? false
        (reasons[instance], trouble) = (place, place)
        if !isKnown, gaps.count < Self.gapLimit { gaps.append(place) }
    }
}
