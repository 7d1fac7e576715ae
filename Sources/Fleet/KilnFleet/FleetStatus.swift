package import KilnDefinition
package import KilnOCI

/// What `kiln status` shows of one fleet.
package struct FleetStatus: Sendable, Hashable, Codable {
    package enum Phase: String, Sendable, Hashable, Codable {
        case steady
        case rolling
        case baking
        case rollingBack = "rolling-back"
        case stopping
        case stopped
        case frozen
    }

    package struct Instance: Sendable, Hashable, Codable {
        package let id: InstanceID
        package let slot: Int
        package let release: ReleaseNumber
        /// `running`, `starting`, `ended`, `stopping`, `missing`.
        package let state: String
        /// `healthy`, `unhealthy`, or nil for one that does not run.
        package let health: String?
        package let healthReason: String?
        /// `none`, `ready`, `draining`.
        package let traffic: String
        package let address: String?
        /// On the host; nil for one that does not run.
        package let pid: Int32?
        package let condemned: String?
        /// Who looks at it, and until when it is there.
        package let debug: Debug?
        /// Seconds since 1970.
        package let created: Int64
    }

    /// An instance in a person's hands: it counts for nothing.
    package struct Debug: Sendable, Hashable, Codable {
        package let author: String?
        package let why: String
        package let tools: String?
        /// Seconds since 1970.
        package let since: Int64
        package let until: Int64
        /// The process that has tools joined to it; nil when none has.
        package let pid: Int32?
        /// It serves until others do in its place.
        package let isAwaited: Bool
        /// It drifted, and nobody joins it: it is cut off and frozen. nil is no.
        package let isQuarantined: Bool?

        init(_ hold: DebugHold) {
            author = hold.author
            why = hold.why
            tools = hold.tools
            since = hold.since
            until = hold.until
            pid = hold.session?.pid
            isAwaited = hold.isAwaited
            isQuarantined = hold.quarantine == nil ? nil : true
        }
    }

    package struct Change: Sendable, Hashable, Codable {
        /// What the holder of the lease does.
        package let reason: String
        package let pid: Int32
        /// Seconds since 1970.
        package let since: Int64
    }

    package let fleet: FleetName
    package let phase: Phase
    /// Why it is rolling back, stopped or frozen.
    package let reason: String?
    package let isPaused: Bool
    /// Why a person keeps the fleet as it is.
    package let freeze: String?
    /// What happens before the release takes over or is stable, in words.
    package let waits: String?
    /// The release that is to be rolled out once the work before it is done.
    package let pending: PendingRelease?
    /// How a canary that is compared with the stable release does by now, in words.
    package let comparison: String?
    /// It goes on when a person says so.
    package let awaitsPromotion: Bool
    package let release: ReleaseNumber?
    package let stable: ReleaseNumber?
    package let image: ImageName?
    package let imageVersion: String?
    package let imageDigest: Digest?
    package let wanted: Int
    /// Healthy, and with traffic where there is a listener.
    package let serving: Int
    package let listen: Listeners?
    /// What its listeners show to clients; nil where none speaks TLS.
    package let certificates: [ListenerCertificate]?
    package let instances: [Instance]
    package let rollout: RolloutRecord?
    package let lastFailure: FailureEvidence?
    /// Who changes the fleet right now.
    package let change: Change?
    /// How far the image is behind its archives; nil when nobody asked them.
    package let patches: PatchSummary?
    /// Events that webhooks did not get in the last day.
    package let undelivered: Int
    /// What the engine shows that decides the steps; nil where Kiln does.
    package let engine: EngineStatus?
    package let explanation: FleetExplanation
}

extension FleetStatus.Instance {
    /// Whether it is in a person's hands, and counts for nothing.
    package var isTaken: Bool { debug.map { !$0.isAwaited } ?? false }
}

extension FleetStatus {
    /// A rollout has neither an outcome nor anybody who drives it: `kiln resume` goes on with it.
    package var isUnattended: Bool {
        guard change == nil, !isPaused, freeze == nil, !awaitsPromotion else { return false }
        if let pending { return pending.goesOn }
        switch phase {
        case .rolling: return wanted > 0 || !instances.isEmpty
        case .baking, .rollingBack, .stopping: return true
        case .steady, .stopped, .frozen: return false
        }
    }
}

/// What `kiln releases` shows of one release.
package struct ReleaseSummary: Sendable, Hashable, Codable {
    package let number: ReleaseNumber
    package let digest: Digest
    package let image: ImageName
    package let imageVersion: String?
    package let imageDigest: Digest
    /// Seconds since 1970, as are the others.
    package let created: Int64
    package let stable: Int64?
    package let quarantined: Int64?
    package let quarantineReason: String?
    /// What stores its configuration was taken from.
    package let origins: [ConfigOrigin]
    /// What the fleet is of, or is becoming.
    package let isCurrent: Bool
    /// How many instances run it.
    package let instances: Int
    /// When it was rolled out last, by whom and why, where that is still known.
    package let deployed: Int64?
    package let author: String?
    package let message: String?
}
