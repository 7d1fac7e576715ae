import KilnDefinition
import KilnFleet
import KilnOCI

/// A plan as people read it.
struct PlanText {
    private let plan: ApplyPlan
    private let color: Bool
    private let changing: Set<FleetName>
    /// Columns of the longest name.
    private let width: Int

    init(_ plan: ApplyPlan, color: Bool) {
        self.plan = plan
        self.color = color
        changing = Set(plan.steps.filter(\.isChange).map(\.fleet))
        let names = plan.bakes.map { Self.name($0) } + plan.steps.map(\.fleet.description)
        width = names.map(\.count).max() ?? 0
    }

    private static func name(_ bake: ApplyPlan.Bake) -> String { "image \(bake.image)" }

    /// One entry for each image that is baked and each fleet, what stays as it is last.
    var text: String {
        let changes = plan.steps.filter(\.isChange)
        let kept = plan.steps.filter { !$0.isChange }
        return (plan.bakes.map(entry) + changes.map(entry) + kept.map(entry)).joined(separator: "\n")
    }

    /// `1 to create, 2 unchanged`.
    var summary: String {
        let counts: [(Int, String)] = [
            (plan.bakes.count, "to bake"), (count(.create), "to create"), (count(.replace), "to replace"),
            (count(.restore), "to restore"), (count(.destroy), "to destroy"),
            (plan.steps.count { $0.action == .keep && $0.isChange }, "with another policy"),
            (plan.steps.count { !$0.isChange && $0.waits == nil }, "unchanged"),
            (plan.steps.count { !$0.isChange && $0.waits != nil }, "waiting for a person"),
        ]
        return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    private func count(_ action: ApplyPlan.Action) -> Int { plan.steps.count { $0.action == action } }

    private func entry(_ bake: ApplyPlan.Bake) -> String {
        head("bake", Self.name(bake), bake.reason)
    }

    private func entry(_ step: ApplyPlan.Step) -> String {
        let verb = step.action == .keep && step.isChange ? "policy" : step.action.rawValue
        var lines = [head(verb, step.fleet.description, subject(step))]
        if let obstacle = step.obstacle {
            lines.append(detail("refused", obstacle.reason))
            if let hint = obstacle.hint { lines.append(detail("hint", hint)) }
        }
        if let waits = step.waits { lines.append(detail("waits", waits)) }
        lines += step.reasons.map { detail("why", $0) }
        lines += step.policy.map { detail("policy", "\($0.key): \($0.before) -> \($0.after)") }
        let first = step.isChange ? step.after.filter { changing.contains($0) } : []
        if !first.isEmpty { lines.append(detail("after", first.map(\.description).joined(separator: ", "))) }
        return lines.joined(separator: "\n")
    }

    private func subject(_ step: ApplyPlan.Step) -> String {
        switch step.action {
        case .create: "\(release(step)), \(instances(step.wanted))\(listener(step))"
        case .replace:
            "\(step.from.map { "release \($0)" } ?? "what runs") by \(release(step)), \(instances(step.wanted))"
        case .restore, .keep: "\(release(step)), \(instances(step.wanted))"
        case .destroy: "\(instances(step.present)); volumes are kept"
        }
    }

    private func release(_ step: ApplyPlan.Step) -> String {
        guard let image = step.image else { return step.to.map { "release \($0)" } ?? "a release" }
        let version = image.version.map { " \($0)" } ?? ""
        let digest = image.digest.map { " (\($0.short))" } ?? ""
        return "\(step.to.map { "release \($0)" } ?? "a release") of \(image.name)\(version)\(digest)"
    }

    private func instances(_ count: Int) -> String { count == 1 ? "1 instance" : "\(count) instances" }

    private func listener(_ step: ApplyPlan.Step) -> String { step.listen.map { " on \($0)" } ?? "" }

    private func head(_ verb: String, _ name: String, _ text: String) -> String {
        "\(painted(padded(verb, to: 8), verb))  \(padded(name, to: width))  \(text)"
    }

    private func detail(_ word: String, _ text: String) -> String {
        "          \(padded(word, to: 7)) \(text)"
    }

    private func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func painted(_ text: String, _ verb: String) -> String {
        guard color else { return text }
        let code: Int? =
            switch verb {
            case "create", "restore", "bake": 32
            case "replace", "policy": 33
            case "destroy": 31
            default: nil
            }
        return code.map { "\u{1B}[\($0)m\(text)\u{1B}[0m" } ?? text
    }
}
