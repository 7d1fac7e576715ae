import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tell why a fleet, or one of its instances, is as it is, and what it waits for.",
        discussion: """
            What is happening, which instance holds it up and what that answered last, which deadline ends the wait and what             happens then, who drives it, what is quarantined, and what led to it, event by event.

            Examples:

              kiln why shop
              kiln why shop shop-4-ab12
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Argument(help: "One of its instances, also one that is gone.")
    var instance: String?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let reader = try FleetContext(context).reader
        guard let instance else {
            let status = try await reader.status(of: fleet)
            if format.format == .json { return try context.resultJSON(WhyReport(status)) }
            return context.console.result(WhyText(status).text)
        }
        let answer = try await reader.explanation(of: InstanceID(instance), in: fleet)
        if format.format == .json { return try context.resultJSON(answer) }
        context.console.result(InstanceWhyText(answer).text)
    }
}

/// What scripts get of a fleet.
private struct WhyReport: Encodable {
    let fleet: FleetName
    let phase: FleetStatus.Phase
    let explanation: FleetExplanation
    let change: FleetStatus.Change?
    let rollout: RolloutRecord?
    let engine: EngineStatus?

    init(_ status: FleetStatus) {
        fleet = status.fleet
        phase = status.phase
        explanation = status.explanation
        change = status.change
        rollout = status.rollout
        engine = status.engine
    }
}

/// A fleet's explanation as people read it: a word at the left, what it says beside it.
struct WhyText {
    private let status: FleetStatus

    init(_ status: FleetStatus) {
        self.status = status
    }

    var text: String {
        let explanation = status.explanation
        var lines = ["\(status.fleet): \(explanation.doing)", "  runs     \(explanation.runs)"]
        lines += Self.labelled("waits", explanation.waits.map { WaitText($0).line })
        if explanation.waits.isEmpty { lines.append("  waits    for nothing") }
        if let next = explanation.next { lines.append("  next     \(next)") }
        lines += Self.labelled("engine", status.engine.map { EngineText($0).lines } ?? [])
        lines += Self.labelled(
            "tls",
            (status.certificates ?? []).flatMap { $0.warnings(now: WallClock.now) }
        )
        if let change = status.change {
            let by = status.rollout?.author.map { ", asked for by \($0)" } ?? ""
            let since = WallClock.format(change.since)
            lines.append("  driver   \(change.reason) by process \(change.pid) since \(since)\(by)")
        }
        lines += Self.labelled("because", explanation.because.map(EventText.line))
        lines += Self.labelled(
            "failed",
            explanation.quarantined.map {
                "release \($0.release) is quarantined since \(WallClock.format($0.time)): \($0.reason)"
            }
        )
        return lines.map(ShownText.line).joined(separator: "\n")
    }

    /// The word stands before the first line alone.
    static func labelled(_ word: String, _ lines: [String]) -> [String] {
        lines.enumerated().map { index, line in
            let label = index == 0 ? word : ""
            return "  \(label)\(String(repeating: " ", count: max(1, 9 - label.count)))\(line)"
        }
    }
}

/// The same of one instance.
struct InstanceWhyText {
    private let answer: InstanceExplanation

    init(_ answer: InstanceExplanation) {
        self.answer = answer
    }

    var text: String {
        var lines = ["\(answer.instance): \(answer.doing)"]
        lines += WhyText.labelled("waits", answer.waits.map { WaitText($0).line })
        if let next = answer.next { lines.append("  next     \(next)") }
        lines += WhyText.labelled("because", answer.because.map(EventText.line))
        lines += WhyText.labelled("history", answer.history.map(EventText.line))
        return lines.map(ShownText.line).joined(separator: "\n")
    }
}
