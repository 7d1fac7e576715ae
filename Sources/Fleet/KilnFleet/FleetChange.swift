package import KilnDefinition

/// A change that somebody asks of a fleet, in values alone: another process can be asked for it.
package enum FleetChange: Sendable, Hashable {
    /// Makes the fleet run this content under this policy. The same content is the same release; one that failed before is
    /// refused unless forced.
    case deploy(ReleaseContent, FleetPolicy)
    /// Makes the fleet run another release: this one, or of those before the one that runs the one that was stable last.
    case rollback(to: ReleaseNumber?)
    /// Converges to what is written down: what a crash or a pause cut off, what died, what was frozen.
    case resume
    /// Changes how many instances there are, and nothing else.
    case scale(to: Int)
    /// Replaces these instances, each with the reason it is condemned for.
    case replace([InstanceID: String], quarantine: Int64? = nil)
    /// Replaces every instance by a fresh one of the same release.
    case recycle
    /// Removes every instance, then the fleet. Releases and events stay.
    case destroy(volumes: Bool)
    /// Leaves the rollout where it is.
    case pause
    /// Ends the wait of the step that a release is at, or of all its steps.
    case promote(full: Bool)
    /// Goes back to the stable release.
    case abort
    /// Keeps everything as it is until the fleet is resumed.
    case freeze(why: String)
    /// Takes an instance out of traffic for good, so that a person can look at it with tools.
    case debug(InstanceID, DebugWish)
    /// Ends that: the instance is destroyed, unless it is kept until its time.
    case endDebug(InstanceID, DebugEnd)

    /// Whether it is about a person's look at an instance: whoever interrupts that says nothing about the fleet's rollout.
    package var isOfSession: Bool {
        switch self {
        case .debug, .endDebug: true
        case .deploy, .rollback, .resume, .scale, .replace, .recycle, .destroy, .pause, .promote, .abort,
            .freeze:
            false
        }
    }
}

/// Whoever changes fleets: this process by itself (`FleetDriver`), or one that it asks.
package protocol FleetChanges: Sendable {
    /// Carries the change out and tells how it ended. The gate is asked by the caller's side, before anything is done, and
    /// only about content that the fleet has no release of yet.
    func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate,
        options: FleetDriver.Options
    ) async throws -> DeployOutcome
}

extension FleetDriver: FleetChanges {
    package func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate = { _ in },
        options: Options = Options()
    ) async throws -> DeployOutcome {
        switch change {
        case .deploy(let content, let policy):
            try await deploy(content, to: fleet, policy: policy, gate: gate, options: options)
        case .rollback(let number): try await rollback(fleet, to: number, options: options)
        case .resume: try await resume(fleet, options: options)
        case .scale(let instances): try await scale(fleet, to: instances, options: options)
        case .replace(let condemned, let quarantine):
            try await replace(condemned, quarantine: quarantine, in: fleet, options: options)
        case .recycle: try await recycle(fleet, options: options)
        case .destroy(let volumes): try await destroy(fleet, volumes: volumes, options: options)
        case .pause: try await pause(fleet, options: options)
        case .promote(let full): try await promote(fleet, full: full, options: options)
        case .abort: try await abort(fleet, options: options)
        case .freeze(let why): try await freeze(fleet, why: why, options: options)
        case .debug(let id, let wish): try await debug(id, wish, in: fleet, options: options)
        case .endDebug(let id, let end): try await endDebug(id, end, in: fleet, options: options)
        }
    }
}

extension FleetDriver {
    /// Refuses what no deploy can make, and asks the gate about content that is new to the fleet. Nothing is written before:
    /// what is refused leaves no fleet without a release behind. Releases never go away, so an answer of the gate stays true.
    package func examine(
        _ content: ReleaseContent,
        _ policy: FleetPolicy,
        for fleet: FleetName,
        gate: ReleaseGate,
        options: Options
    ) async throws {
        try policy.check(for: content, of: fleet)
        let known = try await store.fleet(fleet)
        try refuseForeign(known, options)
        if let known {
            try await refuseLeadingAway(known, policy, options)
        } else {
            try await role.check(policy.settings(of: fleet))
        }
        let digest = try content.digest()
        if try await !store.releaseEntries(of: fleet).contains(where: { $0.digest == digest }) {
            try await gate(content)
        }
    }

    /// A port that only the next release has is one behind which nobody is until that serves, nor after it failed.
    private func refuseLeadingAway(
        _ known: FleetRecord,
        _ policy: FleetPolicy,
        _ options: Options
    ) async throws {
        guard case .instances = role, !options.force, known.policy.listen != policy.listen else { return }
        let running = try await store.instances(of: known.name).filter { !$0.isStopping }.map(\.release)
        for number in Set(running).sorted() {
            guard let content = try await store.release(number, of: known.name)?.content else { continue }
            if let listener = policy.unanswered(by: content, since: known.policy) {
                throw FleetError.unanswered(listener, number, content)
            }
        }
    }
}
