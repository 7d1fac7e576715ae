import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what runs and what is happening.",
        discussion: """
            Example:

              kiln status shop
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let reader = fleets.reader
        let statuses =
            if let fleet { [try await reader.status(of: fleet)] } else { try await reader.statuses() }
        if format.format == .json { return try context.resultJSON(["fleets": statuses]) }
        guard !statuses.isEmpty else {
            context.console.message("no fleets yet: kiln deploy FLEET starts one")
            return
        }
        let texts = statuses.map { StatusText($0).text(color: context.console.output.color) }
        context.console.result(texts.joined(separator: "\n\n"))
        let gate = RevocationGate(images: ImageStore(home: fleets.home))
        context.console.show(
            try statuses.compactMap { status in
                guard let release = status.release, let image = status.imageDigest else { return nil }
                return try gate.warning(of: status.fleet, release: release, image: image)
            }
        )
    }
}

/// One fleet as `kiln status` shows it.
struct StatusText {
    private let status: FleetStatus

    init(_ status: FleetStatus) {
        self.status = status
    }

    func text(color: Bool) -> String {
        ([headline] + details + instances(color: color)).joined(separator: "\n")
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
        var lines: [String] = []
        if let image = status.image {
            let version = status.imageVersion.map { " \($0)" } ?? ""
            lines.append("  image   \(image)\(version)  \(status.imageDigest?.short ?? "")")
        }
        if let reason = status.reason { lines.append("  reason  \(reason)") }
        if let freeze = status.freeze { lines.append("  frozen  \(freeze)") }
        if let waits = status.waits { lines.append("  step    \(waits)") }
        if let comparison = status.comparison { lines.append("  canary  \(comparison)") }
        if let pending = status.pending { lines.append("  before  \(Self.words(pending))") }
        if let change = status.change {
            lines.append(
                "  change  \(change.reason) by process \(change.pid) since \(WallClock.format(change.since))"
            )
        } else if status.pending?.unsure != nil {
            lines.append("  next    kiln resume \(status.fleet) runs it again, or kiln abort \(status.fleet)")
        } else if status.pending != nil {
            lines.append("  next    kiln resume \(status.fleet), or kiln abort \(status.fleet)")
        } else if status.awaitsPromotion {
            lines.append("  next    kiln promote \(status.fleet), or kiln abort \(status.fleet)")
        } else if status.isUnattended || status.isPaused || status.serving < status.wanted,
            status.phase != .stopped
        {
            lines.append("  next    kiln resume \(status.fleet)")
        }
        return lines.map(ShownText.line)
    }

    private static func words(_ pending: PendingRelease) -> String {
        let nature = pending.isReversible ? "" : ", which cannot be undone"
        let state =
            pending.unsure.map { "waits for a person: \($0)" }
            ?? (pending.isPaused ? "is paused" : "since \(WallClock.format(pending.since))")
        return "release \(pending.release): \(pending.work)\(nature); \(state)"
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
            let health = [
                instance.health, instance.condemned.map { "condemned: \($0)" } ?? instance.healthReason,
            ]
            table.add(
                instance.id.description,
                String(instance.release.rawValue),
                instance.state,
                health.compactMap(\.self).isEmpty ? "-" : health.compactMap(\.self).joined(separator: ", "),
                instance.traffic,
                instance.address ?? "-",
                Quantities.duration(.seconds(max(0, WallClock.now - instance.created)))
            )
        }
        return ["", table.render(color: color)]
    }
}
