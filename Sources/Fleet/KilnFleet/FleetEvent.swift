package import KilnDefinition

/// Something that happened to a fleet, in a sentence for people and a word for scripts.
package struct FleetEvent: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case fleetCreated = "fleet.created"
        case fleetDestroyed = "fleet.destroyed"
        case policyChanged = "policy.changed"
        case releaseMade = "release.made"
        case releaseSubmitted = "release.submitted"
        case releaseStable = "release.stable"
        case releaseQuarantined = "release.quarantined"
        case quarantineLifted = "release.quarantine-lifted"
        case rolloutBefore = "rollout.before"
        case rolloutStarted = "rollout.started"
        case rolloutResumed = "rollout.resumed"
        case rolloutPaused = "rollout.paused"
        case rolloutStep = "rollout.step"
        case rolloutAnalysis = "rollout.analysis"
        case rolloutPromoted = "rollout.promoted"
        case rolloutAborted = "rollout.aborted"
        case fleetFrozen = "fleet.frozen"
        case rolloutBaking = "rollout.baking"
        case rolloutRollingBack = "rollout.rolling-back"
        case rolloutFinished = "rollout.finished"
        case healing = "fleet.healing"
        /// Something that nobody but a person should deal with.
        case fleetAlert = "fleet.alert"
        case instanceCreated = "instance.created"
        case instanceServing = "instance.serving"
        case instanceUnhealthy = "instance.unhealthy"
        case instanceFailed = "instance.failed"
        case instanceCondemned = "instance.condemned"
        /// Condemned since it differs from its release.
        case instanceDrifted = "instance.drifted"
        /// Condemned, since a person looks at it with tools.
        case instanceDebugged = "instance.debugged"
        case debugEnded = "instance.debug-ended"
        case instanceLeaving = "instance.leaving"
        case instanceRemoved = "instance.removed"
        case instanceFound = "instance.found"
        case platformTrouble = "platform.trouble"
        /// An event was not delivered to a webhook; no webhook gets this one.
        case webhookGivenUp = "webhook.given-up"
        case certificateRenewed = "certificate.renewed"
        case certificateRefused = "certificate.refused"
    }

    /// Grows with every event of the catalog; gaps are possible.
    package var sequence: Int64
    /// Seconds since 1970, UTC.
    package let time: Int64
    package let fleet: FleetName
    package let kind: Kind
    package let message: String
    package let instance: InstanceID?
    package let release: ReleaseNumber?
    /// The sequence of the event that led to it; that one may be forgotten by now.
    package var cause: Int64?
    /// Who had it done, where a person did, and what they said about it.
    package var author: String?
    package var why: String?
    /// The same as `time` to the millisecond; of an instance that ended, when it did, which may be a while before. nil in what
    /// was written before that was kept.
    package var moment: Int64?

    package init(
        sequence: Int64 = 0,
        time: Int64,
        fleet: FleetName,
        kind: Kind,
        message: String,
        instance: InstanceID? = nil,
        release: ReleaseNumber? = nil,
        cause: Int64? = nil,
        author: String? = nil,
        why: String? = nil,
        moment: Int64? = nil
    ) {
        self.sequence = sequence
        self.time = time
        self.fleet = fleet
        self.kind = kind
        self.message = message
        self.instance = instance
        self.release = release
        self.cause = cause
        self.author = author
        self.why = why
        self.moment = moment
    }
}

extension FleetEvent.Kind {
    /// Whether it is what a person asked for, and not what follows from that.
    var isAsked: Bool {
        switch self {
        case .fleetCreated, .fleetDestroyed, .policyChanged, .releaseMade, .quarantineLifted, .rolloutStarted,
            .rolloutResumed, .rolloutPaused, .rolloutPromoted, .rolloutAborted, .fleetFrozen,
            .instanceCondemned, .instanceDrifted, .instanceDebugged:
            true
        case .releaseSubmitted, .releaseStable, .releaseQuarantined, .rolloutBefore, .rolloutStep,
            .rolloutAnalysis, .rolloutBaking, .rolloutRollingBack, .rolloutFinished, .healing, .fleetAlert,
            .instanceCreated, .instanceServing, .instanceUnhealthy, .instanceFailed, .instanceLeaving,
            .instanceRemoved, .instanceFound, .debugEnded,
            .platformTrouble, .webhookGivenUp, .certificateRenewed, .certificateRefused:
            false
        }
    }
}
