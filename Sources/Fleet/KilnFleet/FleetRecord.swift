package import KilnDefinition
package import KilnOCI
package import KilnRollout

/// How a fleet is run; versioned apart from releases and applied without replacing anything.
package struct FleetPolicy: Sendable, Hashable, Codable {
    package var instances: Int
    package var listen: Listeners?
    package var rollout: RolloutDefinition
    package var drift: DriftDefinition
    /// Fleets that are to serve before this one starts, and to go after it.
    package var needs: [FleetName]
    /// Whether its listener also serves instances of other fleets, inside.
    package var isNeeded: Bool
    /// How old an instance may become before it is replaced by a fresh one; nil is without a limit.
    package var maxAge: Duration?
    /// Who is told of what happens to it.
    package var webhooks: [WebhookDefinition]

    package init(
        instances: Int = 1,
        listen: Listeners? = nil,
        rollout: RolloutDefinition = RolloutDefinition(),
        needs: [FleetName] = [],
        isNeeded: Bool = false,
        maxAge: Duration? = nil,
        webhooks: [WebhookDefinition] = [],
        drift: DriftDefinition = DriftDefinition()
    ) {
        self.instances = instances
        self.listen = listen
        self.rollout = rollout
        self.drift = drift
        self.needs = needs
        self.isNeeded = isNeeded
        self.maxAge = maxAge
        self.webhooks = webhooks
    }

    /// What an earlier program wrote lacks what it did not know.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        instances = try container.decode(Int.self, forKey: .instances)
        listen = try container.decodeIfPresent(Listeners.self, forKey: .listen)
        rollout = try container.decode(RolloutDefinition.self, forKey: .rollout)
        drift = try container.decodeIfPresent(DriftDefinition.self, forKey: .drift) ?? DriftDefinition()
        needs = try container.decodeIfPresent([FleetName].self, forKey: .needs) ?? []
        isNeeded = try container.decodeIfPresent(Bool.self, forKey: .isNeeded) ?? false
        maxAge = try container.decodeIfPresent(Duration.self, forKey: .maxAge)
        webhooks = try container.decodeIfPresent([WebhookDefinition].self, forKey: .webhooks) ?? []
    }
}

extension FleetPolicy {
    /// What a platform needs to know of it.
    package func settings(of fleet: FleetName) -> FleetSettings {
        FleetSettings(fleet: fleet, listen: listen, isNeeded: isNeeded)
    }
}

/// The definition that a fleet belongs to: what a plan destroys when it is no longer there.
package struct FleetOrigin: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Absolute.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var description: String { path }
}

/// What is remembered of a fleet.
package struct FleetRecord: Sendable, Hashable, Codable {
    package let name: FleetName
    package var policy: FleetPolicy
    /// nil until a command says it.
    package var origin: FleetOrigin?
    /// By environment, the release that was last deployed for it; nil is none.
    package var deployed: [String: ReleaseNumber]?
    package var rollout: RolloutState
    /// The newest failure, with what the instance said last.
    package var evidence: FailureEvidence?
    /// What is to be rolled out once the work before it is done.
    package var pending: PendingRelease?
    /// Work that cannot be undone was begun since a release last became stable. Absent is no.
    var hasPassedReturn: Bool?
    /// How the newest canary does, or did, at the step that was compared last.
    package var comparison: ComparisonReport?
    /// Seconds since 1970.
    package let created: Int64

    package init(
        name: FleetName,
        policy: FleetPolicy,
        rollout: RolloutState = RolloutState(),
        evidence: FailureEvidence? = nil,
        created: Int64
    ) {
        self.name = name
        self.policy = policy
        self.rollout = rollout
        self.evidence = evidence
        self.created = created
    }
}

/// Why an instance failed, and its last words, kept before it was removed.
package struct FailureEvidence: Sendable, Hashable, Codable {
    package let instance: InstanceID
    package let release: ReleaseNumber
    package let reason: String
    package let logLines: [String]
    /// Seconds since 1970.
    package let time: Int64

    package init(
        instance: InstanceID,
        release: ReleaseNumber,
        reason: String,
        logLines: [String],
        time: Int64
    ) {
        self.instance = instance
        self.release = release
        self.reason = reason
        self.logLines = logLines
        self.time = time
    }
}

/// A release with what became of it.
package struct ReleaseRecord: Sendable, Hashable {
    package struct Quarantine: Sendable, Hashable, Codable {
        package let reason: String
        /// Seconds since 1970.
        package let time: Int64

        package init(reason: String, time: Int64) {
            self.reason = reason
            self.time = time
        }
    }

    package let release: Release
    package let digest: Digest
    /// When it last became stable, in seconds since 1970.
    package var stable: Int64?
    package var quarantine: Quarantine?
    /// What stores its configuration was taken from; no part of what it is.
    package var origins: [ConfigOrigin] = []

    package init(release: Release, digest: Digest, stable: Int64? = nil, quarantine: Quarantine? = nil) {
        self.release = release
        self.digest = digest
        self.stable = stable
        self.quarantine = quarantine
    }
}

/// A release without what its instances are made of, which may be large.
package struct ReleaseEntry: Sendable, Hashable {
    package let number: ReleaseNumber
    package let digest: Digest
    /// The image's manifest.
    package let image: Digest
    package let imageName: ImageName
    package let imageVersion: String?
    /// Seconds since 1970.
    package let created: Int64
    package var stable: Int64?
    package var quarantine: ReleaseRecord.Quarantine?
    /// nil when none of its one-shot work was begun.
    package var preparation: Preparation?
    /// What stores its configuration was taken from.
    package var origins: [ConfigOrigin] = []

    package init(
        number: ReleaseNumber,
        digest: Digest,
        image: Digest,
        imageName: ImageName,
        imageVersion: String?,
        created: Int64,
        stable: Int64? = nil,
        quarantine: ReleaseRecord.Quarantine? = nil,
        preparation: Preparation? = nil
    ) {
        self.preparation = preparation
        self.number = number
        self.digest = digest
        self.image = image
        self.imageName = imageName
        self.imageVersion = imageVersion
        self.created = created
        self.stable = stable
        self.quarantine = quarantine
    }

    init(_ record: ReleaseRecord) {
        self.init(
            number: record.release.number,
            digest: record.digest,
            image: record.release.content.image,
            imageName: record.release.content.imageName,
            imageVersion: record.release.content.imageVersion,
            created: record.release.created,
            stable: record.stable,
            quarantine: record.quarantine
        )
        origins = record.origins
    }
}

/// One replacement of a release by another, as history keeps it.
package struct RolloutRecord: Sendable, Hashable, Codable {
    /// 1, 2, 3, … within the fleet.
    package let number: Int
    package let from: ReleaseNumber?
    package let to: ReleaseNumber
    /// Seconds since 1970.
    package let started: Int64
    package var finished: Int64?
    /// Nil while it is under way or paused; one that was left incomplete may yet get another.
    package var outcome: Outcome?
    /// Another rollout began before this one had an outcome.
    package var isSuperseded: Bool
    /// Who began it, and why; nil in what was written before that was kept.
    package let author: String?
    package let message: String?

    package init(
        number: Int,
        from: ReleaseNumber?,
        to: ReleaseNumber,
        started: Int64,
        finished: Int64? = nil,
        outcome: Outcome? = nil,
        isSuperseded: Bool = false,
        author: String? = nil,
        message: String? = nil
    ) {
        self.number = number
        self.from = from
        self.to = to
        self.started = started
        self.finished = finished
        self.outcome = outcome
        self.isSuperseded = isSuperseded
        self.author = author
        self.message = message
    }
}

extension RolloutRecord {
    var isEnded: Bool {
        switch outcome {
        case nil, .degraded: false
        default: true
        }
    }
}

/// An instance that was decided on; written down before it is made, removed after it is gone.
package struct InstanceRecord: Sendable, Hashable, Codable {
    package let id: InstanceID
    package let slot: Int
    package let release: ReleaseNumber
    /// Seconds since 1970.
    package let created: Int64
    package var isStopping: Bool
    /// Why it is to be replaced although it may be well.
    package var condemned: String?
    /// The generation of the rollout that it was made in, and of the one that keeps it warm.
    package let madeIn: Int?
    package var asideIn: Int?
    /// A person looks at it; it is condemned then, too.
    package var debug: DebugHold?

    package init(
        id: InstanceID,
        slot: Int,
        release: ReleaseNumber,
        created: Int64,
        isStopping: Bool = false,
        condemned: String? = nil,
        madeIn: Int? = nil,
        asideIn: Int? = nil
    ) {
        self.id = id
        self.slot = slot
        self.release = release
        self.created = created
        self.isStopping = isStopping
        self.condemned = condemned
        self.madeIn = madeIn
        self.asideIn = asideIn
    }

    /// Whether it is in a person's hands, and counts for nothing.
    package var isTaken: Bool { debug.map { !$0.isAwaited } ?? false }
}
