import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnSystem

/// One fleet as `kiln status` shows it.
struct StatusText {
    private let status: FleetStatus
    /// Seconds since 1970.
    private let now: Int64

    /// Waits that are shown; `kiln why` shows them all.
    private static let waitsShown = 3

    init(_ status: FleetStatus, now: Int64 = WallClock.now) {
        self.status = status
        self.now = now
    }

    func text(color: Bool) -> String {
        (summary + instances(color: color)).joined(separator: "\n")
    }

    /// What runs, what is happening, what it waits for and what comes next, without the instances.
    private var summary: [String] { [headline] + details }

    /// Lines that differ only when something happened: each says whose it is, and none has an age.
    var news: [String] {
        let waits = status.explanation.waits.map { "waits for \(WaitText($0).line)" }
        let next = status.explanation.next.map { ["next: \($0)"] } ?? []
        let instances = status.instances.map { instance in
            let health = [instance.health, note(instance)].compactMap(\.self).joined(separator: ", ")
            let words = [
                "\(instance.id)", "release \(instance.release)", instance.state, health,
                "traffic \(instance.traffic)",
            ]
            return words.filter { !$0.isEmpty }.joined(separator: ", ")
        }
        let own = ([status.explanation.doing] + waits + next + instances).map { "\(status.fleet): \($0)" }
        return ([headline] + own).map(ShownText.line)
    }

    private var headline: String {
        let serving = "\(status.serving) of \(status.wanted) instances serve"
        return "\(status.fleet): \(phase), \(serving)" + (status.listen.map { " on \($0)" } ?? "")
    }

    private var phase: String {
        let release = status.release.map { "release \($0)" } ?? "no release"
        let word =
            switch status.phase {
            case .steady: status.stable == status.release ? "\(release) is stable" : release
            case .rolling: "rolling to \(release)"
            case .baking: "watching \(release) before it is stable"
            case .rollingBack: "rolling back to \(release)"
            case .stopping: "stopping"
            case .stopped: "stopped"
            case .frozen: "frozen at \(release)"
            }
        if status.freeze != nil { return "\(word) (frozen)" }
        return status.isPaused ? "\(word) (paused)" : word
    }

    private var details: [String] {
        let explanation = status.explanation
        var lines: [String] = []
        if let image = status.image {
            let version = status.imageVersion.map { " \($0)" } ?? ""
            lines.append("  image   \(image)\(version)  \(status.imageDigest?.short ?? "")")
        }
        if let patches = status.patches { lines.append("  patches \(PatchText(patches, now: now).line)") }
        if let rollout = status.rollout { lines.append("  since   \(Self.words(of: rollout, now: now))") }
        let isQuiet = status.phase == .steady && status.pending == nil && explanation.waits.isEmpty
        if !isQuiet { lines.append("  doing   \(explanation.doing)") }
        lines += (status.certificates ?? []).flatMap { $0.warnings(now: now) }.map { "  tls     \($0)" }
        if let waits = status.waits { lines.append("  step    \(waits)") }
        if let comparison = status.comparison { lines.append("  canary  \(comparison)") }
        lines += engine
        for (index, wait) in explanation.waits.prefix(Self.waitsShown).enumerated() {
            lines.append((index == 0 ? "  waits   " : "          ") + WaitText(wait).line)
        }
        let more = explanation.waits.count - Self.waitsShown
        if more > 0 { lines.append("          and \(more) more: kiln why \(status.fleet)") }
        if let next = explanation.next { lines.append("  next    \(next)") }
        if status.undelivered > 0 {
            let what = status.undelivered == 1 ? "1 event was" : "\(status.undelivered) events were"
            lines.append("  hooks   \(what) not delivered in the last day: kiln events \(status.fleet)")
        }
        if let change = status.change {
            lines.append(
                "  change  \(change.reason) by process \(change.pid) since \(WallClock.format(change.since))"
            )
        }
        return lines.map(ShownText.line)
    }

    private var engine: [String] {
        guard let engine = status.engine else { return [] }
        let lines = EngineText(engine).lines
        return lines.enumerated().map { ($0.offset == 0 ? "  engine  " : "          ") + $0.element }
    }

    /// When what is there was rolled out, by whom and why.
    private static func words(of rollout: RolloutRecord, now: Int64) -> String {
        let age = Quantities.duration(.seconds(max(0, now - rollout.started)))
        let by = rollout.author.map { " by \($0)" } ?? ""
        let why = rollout.message.map { ": \($0)" } ?? ""
        return "release \(rollout.to) was rolled out \(age) ago\(by)\(why)"
    }

    private func note(_ instance: FleetStatus.Instance) -> String? {
        if let debug = instance.debug, instance.isTaken {
            if debug.isQuarantined == true {
                return "in quarantine until \(WallClock.format(debug.until)): \(debug.why)"
            }
            let who = debug.author.map { " by \($0)" } ?? ""
            return "debugged\(who) until \(WallClock.format(debug.until)): \(debug.why)"
        }
        return instance.condemned.map { "condemned: \($0)" } ?? instance.healthReason
    }

    private func instances(color: Bool) -> [String] {
        guard !status.instances.isEmpty else { return [] }
        var table = TextTable(
            ("INSTANCE", .left),
            ("RELEASE", .right),
            ("STATE", .left),
            ("HEALTH", .left),
            ("TRAFFIC", .left),
            ("ADDRESS", .left),
            ("AGE", .right)
        )
        for instance in status.instances {
            let health = [instance.health, note(instance)].compactMap(\.self)
            table.add(
                instance.id.description,
                String(instance.release.rawValue),
                instance.state,
                health.isEmpty ? "-" : health.joined(separator: ", "),
                instance.traffic,
                instance.address ?? "-",
                Quantities.duration(.seconds(max(0, now - instance.created)))
            )
        }
        return ["", table.render(color: color)]
    }
}

/// One thing that a fleet waits for, in a line.
struct WaitText {
    private let wait: FleetExplanation.Wait

    init(_ wait: FleetExplanation.Wait) {
        self.wait = wait
    }

    var line: String {
        let answer = wait.answer.map { ": \($0)" } ?? ""
        let limit = wait.limit.map { " (\($0))" } ?? ""
        guard let until = wait.until else { return "\(wait.what)\(answer)\(limit)" }
        let otherwise = wait.otherwise.map { ", else \($0)" } ?? ""
        return "\(wait.what)\(answer); until \(Self.time(until))\(limit)\(otherwise)"
    }

    /// The time of day, which is what matters of something that is near.
    static func time(_ seconds: Int64) -> String { String(WallClock.format(seconds).dropFirst(11)) }
}
