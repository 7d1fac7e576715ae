import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnStore
import Synchronization

/// Carries out a plan's steps and tells how each ended.
struct PlanRun: Sendable {
    /// How one step ended.
    struct Ending: Encodable, Sendable {
        let fleet: FleetName
        let action: ApplyPlan.Action
        /// `done`, `failed`, `waiting` (for a person), `interrupted`, `skipped`, `stopped`, `kept`.
        fileprivate(set) var result: String
        /// The fleet that it waited for in vain.
        var because: FleetName?
        /// Who ended what was under way before it was done.
        var interruptedBy: String?
        var outcome: OutcomeReport?
        var error: String?
        /// What the command ends with because of it.
        fileprivate var status = ExitStatus.failed

        private enum CodingKeys: CodingKey {
            case fleet
            case action
            case result
            case because
            case interruptedBy
            case outcome
            case error
        }
    }

    /// What a step came to.
    enum Conclusion: Sendable {
        case outcome(DeployOutcome)
        /// Came to a good end before it was done, since somebody asked for that.
        case interrupted(DeployOutcome, by: String)
        case error([Diagnostic])

        var status: ExitStatus {
            switch self {
            case .outcome(let outcome), .interrupted(let outcome, _): outcome.exitStatus
            case .error(let diagnostics): diagnostics.first?.exitStatus ?? .failed
            }
        }
    }

    let context: CommandContext
    let fleets: FleetContext
    let format: OutputFormat
    let parallel: Int

    /// Carries out a step, which the signal asks for a good end.
    typealias Performance = @Sendable (ApplyPlan.Step, StopSignal) async throws -> DeployOutcome

    /// Ctrl-C lets the actions under way finish and begins no other; the second one is a crash. Another command that has
    /// something to say of one of the fleets ends what is done with that one alone.
    func run(
        _ plan: ApplyPlan,
        _ perform: @escaping Performance
    ) async throws -> [Ending] {
        let stop = fleets.stop
        let conclusions = Conclusions()
        let results = try await context.withProgress(format, narrates: true) {
            // No collection takes away what a fleet is about to need; while one is waited for, Ctrl-C ends that.
            try await StoreLock(fleets.home).shared {
                try await context.interruption.deferring(
                    hangUp: { stop.request(.abandoning, by: "the end of its terminal") }
                ) {
                    [context] in
                    context.console.message("stopping after the actions under way; again to stop at once")
                    stop.request()
                } _: {
                    await narrated {
                        await ApplySchedule(limit: parallel).run(plan, isStopped: { stop.isRequested }) {
                            step in
                            await stop.branch { await conclude(step, $0, conclusions, perform) }
                        }
                    }
                }
            }
        }
        return plan.steps.map { ending($0, results[$0.fleet], conclusions[$0.fleet]) }
    }

    /// The first failure in the order of the plan ends the command; without one, that somebody is waited for.
    static func status(of endings: [Ending], _ stop: StopSignal) -> ExitStatus {
        if let failed = endings.first(where: { $0.result == "failed" }) { return failed.status }
        if endings.contains(where: { ["stopped", "interrupted"].contains($0.result) }) || stop.isRequested {
            return .interrupted
        }
        return endings.contains { $0.result == "waiting" } ? .changesPending : .done
    }

    private func conclude(
        _ step: ApplyPlan.Step,
        _ stop: StopSignal,
        _ conclusions: Conclusions,
        _ perform: Performance
    ) async -> Bool {
        do {
            let outcome = try await perform(step, stop)
            let isDone = step.hasSucceeded(with: outcome)
            if outcome.exitStatus == .interrupted {
                let who = stop.requester ?? (stop.isRequested ? "Ctrl-C" : "another command")
                conclusions.note(.interrupted(outcome, by: who), of: step.fleet)
                if format == .text { context.console.message("\(step.fleet): interrupted by \(who)") }
            } else {
                conclusions.note(.outcome(outcome), of: step.fleet)
            }
            if format == .text { tell(step, outcome, isDone) }
            return isDone
        } catch {
            let diagnostics = error.asDiagnostics
            conclusions.note(.error(diagnostics), of: step.fleet)
            if format == .text { context.console.show(diagnostics) }
            return false
        }
    }

    private func tell(_ step: ApplyPlan.Step, _ outcome: DeployOutcome, _ isDone: Bool) {
        guard step.action == .destroy, isDone else {
            return OutcomeReport(step.fleet, outcome).show(on: context.console)
        }
        context.console.message("\(step.fleet) is gone")
    }

    /// Several fleets speak at once: each line says whose it is.
    private func narrated<Result>(_ body: () async -> Result) async -> Result {
        guard format == .text, let receiver = Progress.receiver else { return await body() }
        return await Progress.$receiver.withValue(NamedProgress(receiver: receiver), operation: body)
    }

    private func ending(
        _ step: ApplyPlan.Step,
        _ result: ApplySchedule.Result?,
        _ conclusion: Conclusion?
    ) -> Ending {
        var ending = Ending(fleet: step.fleet, action: step.action, result: result.word(of: step))
        if case .skipped(let other) = result { ending.because = other }
        if case .outcome(.waiting) = conclusion { ending.result = "waiting" }
        switch conclusion {
        case .outcome(let outcome): ending.outcome = OutcomeReport(step.fleet, outcome)
        case .interrupted(let outcome, let who):
            (ending.result, ending.interruptedBy) = ("interrupted", who)
            ending.outcome = OutcomeReport(step.fleet, outcome)
        case .error(let diagnostics): ending.error = diagnostics.first?.message
        case nil: break
        }
        ending.status = conclusion?.status == .done ? .failed : conclusion?.status ?? .failed
        return ending
    }
}

/// Passes progress on, with the fleet's name before each line that it says.
private struct NamedProgress: ProgressReceiver {
    let receiver: any ProgressReceiver

    func receive(_ fact: ProgressFact) {
        guard case .output(let id, let line) = fact, id.description.hasPrefix("fleet/") else {
            return receiver.receive(fact)
        }
        receiver.receive(.output(id, line: "\(id.description.dropFirst(6)): \(line)"))
    }
}

/// What steps came to, by fleet.
private final class Conclusions: Sendable {  // a class: the tasks of all steps share the one table
    private let table = Mutex<[FleetName: PlanRun.Conclusion]>([:])

    subscript(fleet: FleetName) -> PlanRun.Conclusion? { table.withLock { $0[fleet] } }

    func note(_ conclusion: PlanRun.Conclusion, of fleet: FleetName) {
        table.withLock { $0[fleet] = conclusion }
    }
}

extension ApplyPlan.Step {
    /// A fleet that is destroyed ends stopped.
    fileprivate func hasSucceeded(with outcome: DeployOutcome) -> Bool {
        if action == .destroy, case .stopped = outcome { return true }
        return action != .destroy && outcome.exitStatus == .done
    }
}

extension ApplySchedule.Result? {
    fileprivate func word(of step: ApplyPlan.Step) -> String {
        switch self {
        case .succeeded: step.isChange ? "done" : "kept"
        case .failed: "failed"
        case .skipped: "skipped"
        case .stopped, nil: "stopped"
        }
    }
}
