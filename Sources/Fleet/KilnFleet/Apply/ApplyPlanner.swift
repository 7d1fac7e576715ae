import KilnDefinition

/// Compares fleets as a definition wants them with what is there. Pure: the same input gives the same plan.
package struct ApplyPlanner: Sendable {
    private let origin: FleetOrigin
    /// Whether a definition that fleets belong to is still where it was.
    private let isThere: @Sendable (FleetOrigin) -> Bool

    package init(origin: FleetOrigin, isThere: @escaping @Sendable (FleetOrigin) -> Bool) {
        self.origin = origin
        self.isThere = isThere
    }

    /// What makes the fleets as wanted. Of those that are not wanted only the definition's own are destroyed.
    package func plan(
        _ wanted: [WantedFleet],
        present: [PresentFleet],
        bakes: [ApplyPlan.Bake] = []
    ) -> ApplyPlan {
        let known = Dictionary(present.map { ($0.name, $0) }) { first, _ in first }
        var steps = wanted.map { step(for: $0, known[$0.name] ?? PresentFleet(name: $0.name, standing: nil)) }
        let names = Set(wanted.map(\.name))
        let leaving = present.filter { !names.contains($0.name) && $0.standing?.origin == origin }
        steps += leaving.map { destruction(of: $0, "\(origin) has no fleet \($0.name) any more") }
        return ApplyPlan(bakes: bakes, steps: StepOrder(wanted, present).order(steps))
    }

    /// What takes these fleets down.
    package func destruction(of fleets: [PresentFleet]) -> ApplyPlan {
        let standing = fleets.filter { $0.standing != nil }
        let steps = standing.map { destruction(of: $0, "everything is taken down") }
        return ApplyPlan(bakes: [], steps: StepOrder([], standing).order(steps))
    }

    private func destruction(of fleet: PresentFleet, _ reason: String) -> ApplyPlan.Step {
        var step = ApplyPlan.Step(fleet, .destroy)
        step.reasons = [reason]
        return step
    }

    private func step(for wanted: WantedFleet, _ fleet: PresentFleet) -> ApplyPlan.Step {
        var step = ApplyPlan.Step(fleet, .keep)
        step.wanted = wanted.policy.instances
        step.listen = wanted.policy.listen
        step.image = wanted.releaseImage
        step.to = fleet.number(of: wanted.content)
        if let standing = fleet.standing {
            step.policy = policy(standing, wanted)
            (step.action, step.reasons) = decide(standing, wanted)
            if standing.pending != nil, standing.pending == step.to, standing.waits != nil {
                // To deploy it would only wait as well.
                (step.action, step.reasons) = (.keep, [])
            }
            if step.action == .keep { step.waits = standing.waits }
        } else {
            step.action = .create
            step.reasons = [fleet.releases.isEmpty ? "it does not run yet" : "it was destroyed"]
        }
        step.obstacle = obstacle(step, wanted, fleet)
        return step
    }

    private func policy(
        _ standing: PresentFleet.Standing,
        _ wanted: WantedFleet
    ) -> [ApplyPlan.PolicyChange] {
        var changes = PolicyDifference.changes(from: standing.policy, to: wanted.policy)
        if standing.origin != origin {
            let before = standing.origin?.description ?? "none"
            changes.append(ApplyPlan.PolicyChange("definition", before, origin.description))
        }
        return changes
    }

    private func decide(
        _ standing: PresentFleet.Standing,
        _ wanted: WantedFleet
    ) -> (ApplyPlan.Action, reasons: [String]) {
        let isEmpty = standing.instances == 0 && standing.release == nil
        guard let content = wanted.content else {
            let reason = "image \(wanted.image) is baked first; nothing is replaced if it comes out the same"
            return (isEmpty ? .create : .replace, [reason])
        }
        guard let current = standing.content, !isEmpty else {
            return (.create, [standing.reason.map { "it is stopped: \($0)" } ?? "nothing runs"])
        }
        guard content == current else {
            return (.replace, ReleaseDifference.reasons(from: current, to: content))
        }
        let reasons = missing(standing)
        return (reasons.isEmpty ? .keep : .restore, reasons)
    }

    /// What the release that is wanted lacks to be there as a whole.
    private func missing(_ standing: PresentFleet.Standing) -> [String] {
        var reasons: [String] = []
        let release = standing.release.map { "release \($0)" } ?? "its release"
        switch standing.phase {
        case .stopped, .stopping: reasons.append("it is stopped: \(standing.reason ?? "nothing runs")")
        case .frozen: reasons.append("it is frozen: \(standing.reason ?? "left as it is")")
        case .steady, .rolling, .baking, .rollingBack:
            if standing.waits != nil {
                // Nothing but a person's word leads on; what dies meanwhile is replaced all the same.
            } else if standing.isPaused {
                reasons.append("the rollout of \(release) is paused")
            } else if standing.isUnattended {
                reasons.append("the rollout of \(release) was cut off")
            }
        }
        if standing.serving < standing.policy.instances {
            reasons.append("\(standing.serving) of \(standing.policy.instances) instances serve")
        }
        if !standing.isListening, let listen = standing.policy.listen {
            reasons.append("nobody listens on \(listen) for it")
        }
        if standing.hasNewCertificates { reasons.append("there is a new certificate for its listeners") }
        return reasons
    }

    private func obstacle(
        _ step: ApplyPlan.Step,
        _ wanted: WantedFleet,
        _ fleet: PresentFleet
    ) -> ApplyPlan.Obstacle? {
        if let other = fleet.standing?.origin, other != origin, isThere(other) {
            return ApplyPlan.Obstacle(
                .foreign,
                "it belongs to \(other), and this is \(origin)",
                hint: "where one of the two was moved or copied, take it over: kiln apply --take-over; "
                    + "else give one of the fleets another name"
            )
        }
        if let freeze = fleet.standing?.freeze, step.isChange {
            return ApplyPlan.Obstacle(
                .frozen,
                "a person froze it: \(freeze)",
                hint: "kiln resume \(fleet.name) ends that"
            )
        }
        if let unfit = unfit(step, wanted, fleet) { return unfit }
        let release = fleet.release(of: wanted.content)
        if let quarantine = release?.quarantine, let number = release?.number, step.action != .keep {
            return ApplyPlan.Obstacle(
                .quarantined,
                "release \(number) failed before and is quarantined: \(quarantine.reason)",
                hint: "change what failed, or repeat the same release with --force"
            )
        }
        // What was admitted once is never asked about again.
        return release == nil ? wanted.refusal : nil
    }

    /// What a deploy would refuse, whatever a gate says of the image.
    private func unfit(
        _ step: ApplyPlan.Step,
        _ wanted: WantedFleet,
        _ fleet: PresentFleet
    ) -> ApplyPlan.Obstacle? {
        guard step.isChange else { return nil }
        do {
            try wanted.policy.check(for: wanted.content, of: wanted.name)
        } catch {
            return ApplyPlan.Obstacle(.unfit, error.message, hint: error.hint)
        }
        guard let standing = fleet.standing, standing.instances > 0, let number = standing.release,
            let content = standing.content,
            let listener = wanted.policy.unanswered(by: content, since: standing.policy)
        else { return nil }
        let error = FleetError.unanswered(listener, number, content)
        return ApplyPlan.Obstacle(.unanswered, error.message, hint: error.hint)
    }
}

extension ApplyPlan.Step {
    fileprivate init(_ fleet: PresentFleet, _ action: ApplyPlan.Action) {
        self.init(
            fleet: fleet.name,
            action: action,
            from: fleet.standing?.release,
            present: fleet.standing?.instances ?? 0,
            wanted: 0,
            policy: [],
            reasons: [],
            after: []
        )
    }
}

extension PresentFleet {
    fileprivate func release(of content: ReleaseContent?) -> ReleaseEntry? {
        guard let digest = try? content?.digest() else { return nil }
        return releases.first { $0.digest == digest }
    }

    /// The number that a release of this content has, or gets.
    fileprivate func number(of content: ReleaseContent?) -> ReleaseNumber? {
        guard content != nil else { return nil }
        return release(of: content)?.number
            ?? ReleaseNumber(rawValue: (releases.map(\.number.rawValue).max() ?? 0) + 1)
    }
}

extension WantedFleet {
    fileprivate var releaseImage: ApplyPlan.ReleaseImage {
        ApplyPlan.ReleaseImage(
            name: image,
            version: content?.imageVersion,
            digest: content?.image
        )
    }
}
