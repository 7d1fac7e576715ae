package import KilnDefinition
import KilnRollout
import KilnSystem

/// A fleet as a definition wants it.
package struct WantedFleet: Sendable, Hashable {
    package let name: FleetName
    package let policy: FleetPolicy
    package let image: ImageName
    /// nil while the image is not baked: what the release is, is known only then.
    package let content: ReleaseContent?
    /// Why no new release can be made of the content.
    package let refusal: ApplyPlan.Obstacle?

    package init(
        name: FleetName,
        policy: FleetPolicy,
        image: ImageName,
        content: ReleaseContent?,
        refusal: ApplyPlan.Obstacle? = nil
    ) {
        self.name = name
        self.policy = policy
        self.image = image
        self.content = content
        self.refusal = refusal
    }
}

/// A fleet as catalog and platform show it, or what is remembered of one that is gone.
package struct PresentFleet: Sendable, Hashable {
    /// What is there of one that runs, or should.
    package struct Standing: Sendable, Hashable {
        package var policy: FleetPolicy
        package var origin: FleetOrigin?
        package var phase: FleetStatus.Phase
        package var reason: String?
        package var isPaused: Bool
        /// Why a person keeps the fleet as it is.
        package var freeze: String?
        /// What a person has to say before the release goes on, in words; nil when nobody is waited for.
        package var waits: String?
        /// A rollout has neither an outcome nor anybody who drives it.
        package var isUnattended: Bool
        package var release: ReleaseNumber?
        /// The release whose rollout waits for the work before it.
        package var pending: ReleaseNumber?
        /// What that release is made of.
        package var content: ReleaseContent?
        package var instances: Int
        package var serving: Int
        /// Whether the balancer listens as the policy says; true without a listener.
        package var isListening: Bool
        /// Fleets that releases with instances reach, whatever the policy says by now: it may be of a rollout that did not succeed.
        package var reached: [FleetName] = []
        /// Whether the machine's files hold a new certificate of a listener.
        package var hasNewCertificates: Bool

        package init(
            policy: FleetPolicy,
            origin: FleetOrigin? = nil,
            phase: FleetStatus.Phase = .steady,
            reason: String? = nil,
            isPaused: Bool = false,
            freeze: String? = nil,
            waits: String? = nil,
            isUnattended: Bool = false,
            release: ReleaseNumber? = nil,
            pending: ReleaseNumber? = nil,
            content: ReleaseContent? = nil,
            instances: Int = 0,
            serving: Int = 0,
            isListening: Bool = true,
            hasNewCertificates: Bool = false
        ) {
            self.policy = policy
            self.origin = origin
            self.phase = phase
            self.reason = reason
            self.isPaused = isPaused
            self.freeze = freeze
            self.waits = waits
            self.isUnattended = isUnattended
            self.release = release
            self.pending = pending
            self.content = content
            self.instances = instances
            self.serving = serving
            self.isListening = isListening
            self.hasNewCertificates = hasNewCertificates
        }
    }

    /// Fleets that are not to go before this one is of another release.
    var needs: Set<FleetName> {
        guard let standing else { return [] }
        let peers = (standing.content?.peers ?? [:]).keys.map { FleetName(trusted: $0) }
        return Set(standing.policy.needs + standing.reached + peers)
    }

    package let name: FleetName
    /// nil for one that is gone.
    package var standing: Standing?
    /// Oldest first.
    package var releases: [ReleaseEntry]

    package init(name: FleetName, standing: Standing?, releases: [ReleaseEntry] = []) {
        self.name = name
        self.standing = standing
        self.releases = releases
    }
}

extension FleetReader {
    /// Every fleet that is there, by name, and of those that are gone the ones that are asked for.
    package func present(asking names: [FleetName] = []) async throws -> [PresentFleet] {
        let records = try await store.fleets()
        let known = Set(records.map(\.name))
        return try await records.map(atOnce: Self.looksAtOnce) { try await present($0) }
            + names.filter { !known.contains($0) }.map(atOnce: Self.looksAtOnce) { name in
                PresentFleet(name: name, standing: nil, releases: try await store.releaseEntries(of: name))
            }
    }

    private func present(_ record: FleetRecord) async throws -> PresentFleet {
        let status = try await status(of: record)
        let release = status.release
        let settings = record.policy.settings(of: record.name)
        let content =
            if let release { try await store.release(release, of: record.name)?.content } else {
                ReleaseContent?.none
            }
        var standing = PresentFleet.Standing(
            policy: record.policy,
            origin: record.origin,
            phase: status.phase,
            reason: status.reason,
            isPaused: status.isPaused,
            freeze: status.freeze,
            waits: Self.waitsForPerson(record, status),
            isUnattended: status.isUnattended,
            release: release,
            pending: record.pending?.release,
            content: content,
            instances: status.instances.count,
            serving: status.serving,
            isListening: release == nil ? true : try await isListening(settings),
            hasNewCertificates: release == nil ? false : await hasNewCertificates(settings)
        )
        standing.reached = try await reached(by: status)
        let releases = try await store.releaseEntries(of: record.name)
        return PresentFleet(name: record.name, standing: standing, releases: releases)
    }

    /// By its instances, and by what they go back to when a rollout fails.
    private func reached(by status: FleetStatus) async throws -> [FleetName] {
        var reached: Set<String> = []
        for number in Set(status.instances.map(\.release) + [status.stable].compactMap(\.self)) {
            let peers = try await store.release(number, of: status.fleet)?.content.peers ?? [:]
            reached.formUnion(peers.keys)
        }
        return reached.sorted().map { FleetName(trusted: $0) }
    }

    private static func waitsForPerson(_ record: FleetRecord, _ status: FleetStatus) -> String? {
        if record.rollout.isPausedByPerson {
            return "a person paused its rollout; kiln resume \(record.name)"
        }
        if let pending = record.pending, pending.unsure != nil || pending.isPausedByPerson {
            let what = pending.unsure ?? "the work before release \(pending.release) is paused"
            return "\(what); kiln resume \(record.name)"
        }
        return status.awaitsPromotion
            ? "\(status.waits ?? "it waits for a person"); kiln promote \(record.name)" : nil
    }
}
