import KilnDefinition
import KilnOCI

/// Why one release is not another, in a phrase for each part that differs. Values stay out of it: they may be nobody's
/// business.
enum ReleaseDifference {
    static func reasons(from old: ReleaseContent, to new: ReleaseContent) -> [String] {
        image(old, new) + named("variable", old.env, new.env)
            + named("file", byTarget(old.files), byTarget(new.files))
            + named("port", old.ports, new.ports) + named("address of", old.peers ?? [:], new.peers ?? [:])
            + named("ports of", old.peerPorts ?? [:], new.peerPorts ?? [:])
            + named("secret", byName(old.secrets), byName(new.secrets))
            + resources(old.resources, new.resources) + others(old, new)
    }

    private static func image(_ old: ReleaseContent, _ new: ReleaseContent) -> [String] {
        guard old.image != new.image || old.imageName != new.imageName else { return [] }
        return ["image \(words(old)) -> \(words(new))"]
    }

    static func words(_ content: ReleaseContent) -> String {
        let version = content.imageVersion.map { " \($0)" } ?? ""
        return "\(content.imageName)\(version) (\(content.image.short))"
    }

    private static func named<Value: Equatable>(
        _ noun: String,
        _ old: [String: Value],
        _ new: [String: Value]
    ) -> [String] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            switch (old[name], new[name]) {
            case (nil, _): "\(noun) \(name) is new"
            case (_, nil): "\(noun) \(name) is gone"
            case (let before, let after): before == after ? nil : "\(noun) \(name) differs"
            }
        }
    }

    private static func byTarget(_ files: [ConfigFile]) -> [String: ConfigFile] {
        Dictionary(files.map { ($0.target, $0) }) { $1 }
    }

    private static func byName(_ secrets: [SecretReference]?) -> [String: SecretReference] {
        Dictionary((secrets ?? []).map { ($0.name, $0) }) { $1 }
    }

    private static func resources(_ old: ResourceDefinition, _ new: ResourceDefinition) -> [String] {
        var reasons: [String] = []
        if old.memory != new.memory { reasons.append("memory \(old.memory) -> \(new.memory) bytes") }
        if old.cpu != new.cpu { reasons.append("cpu \(old.cpu) -> \(new.cpu)") }
        if old.pids != new.pids { reasons.append("pids \(old.pids) -> \(new.pids)") }
        return reasons
    }

    private static func others(_ old: ReleaseContent, _ new: ReleaseContent) -> [String] {
        var reasons: [String] = []
        if old.health != new.health { reasons.append("health differs") }
        if old.state != new.state { reasons.append("state differs") }
        if old.stop != new.stop { reasons.append("stop differs") }
        if old.before != new.before { reasons.append("the work before it differs") }
        if old.writableRoot != new.writableRoot {
            reasons.append(
                new.writableRoot == true ? "its root is writable" : "its root is no longer writable"
            )
        }
        return reasons
    }
}

/// What applies to a fleet without replacing anything.
enum PolicyDifference {
    static func changes(from old: FleetPolicy, to new: FleetPolicy) -> [ApplyPlan.PolicyChange] {
        var changes = [
            change("instances", old.instances, new.instances),
            listen(old.listen, new.listen),
            change("needs", text(old.needs), text(new.needs)),
            change("reached by other fleets", text(old.isNeeded), text(new.isNeeded)),
            change("max_age", text(old.maxAge), text(new.maxAge)),
            change("drift.respond", old.drift.respond.rawValue, new.drift.respond.rawValue),
            change("drift.keep", old.drift.keep.words, new.drift.keep.words),
            change("drift.allow", text(old.drift.allow), text(new.drift.allow)),
            change("drift.learn_until", old.drift.learnUntil ?? "none", new.drift.learnUntil ?? "none"),
        ].compactMap(\.self)
        let rollout = self.rollout(old.rollout, new.rollout)
        if rollout.isEmpty, old.rollout != new.rollout {
            changes.append(ApplyPlan.PolicyChange("rollout", "another", "as defined"))
        }
        changes += rollout
        // Hosts alone: the rest of a URL may be nobody's business.
        if old.webhooks != new.webhooks {
            changes.append(ApplyPlan.PolicyChange("webhooks", text(old.webhooks), text(new.webhooks)))
        }
        return changes
    }

    /// Where certificates are is told only when that alone differs.
    private static func listen(_ old: Listeners?, _ new: Listeners?) -> ApplyPlan.PolicyChange? {
        if old == new { return nil }
        let isSame = old?.description == new?.description
        func text(_ listen: Listeners?) -> String {
            (isSame ? listen?.details : listen?.description) ?? "none"
        }
        return ApplyPlan.PolicyChange("listen", text(old), text(new))
    }

    private static func rollout(
        _ old: RolloutDefinition,
        _ new: RolloutDefinition
    ) -> [ApplyPlan.PolicyChange] {
        [
            change("rollout.surge", old.surge.text, new.surge.text),
            change("rollout.unavailable", old.unavailable.text, new.unavailable.text),
            change("rollout.min_healthy", old.minHealthy.words, new.minHealthy.words),
            change("rollout.healthy_deadline", old.healthyDeadline.words, new.healthyDeadline.words),
            change("rollout.progress_deadline", old.progressDeadline.words, new.progressDeadline.words),
            change("rollout.drain", old.drain.words, new.drain.words),
            change("rollout.bake", old.bake.words, new.bake.words),
            change("rollout.on_failure", old.onFailure.rawValue, new.onFailure.rawValue),
        ].compactMap(\.self)
    }

    private static func change<Value: Equatable & CustomStringConvertible>(
        _ key: String,
        _ before: Value,
        _ after: Value
    ) -> ApplyPlan.PolicyChange? {
        before == after ? nil : ApplyPlan.PolicyChange(key, before.description, after.description)
    }

    private static func text(_ age: Duration?) -> String { age.map(DurationText.text) ?? "none" }
    private static func text(_ hooks: [WebhookDefinition]) -> String {
        hooks.isEmpty ? "none" : hooks.map(\.shownHost).joined(separator: ", ")
    }
    private static func text(_ allowances: [DriftDefinition.Allowance]) -> String {
        allowances.isEmpty
            ? "none" : allowances.map { "\($0.path) until \($0.expires)" }.joined(separator: ", ")
    }
    private static func text(_ flag: Bool) -> String { flag ? "yes" : "no" }
    private static func text(_ names: [FleetName]) -> String {
        names.isEmpty ? "none" : names.map(\.description).joined(separator: ", ")
    }
}
