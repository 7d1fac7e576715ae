import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnSystem

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make all fleets as the definition wants them; do nothing where they are.",
        discussion: """
            Bakes the images that are missing, then creates, replaces, restores and destroys fleets: those that a fleet \
            needs first, several at a time. Fleets that the definition has no more are destroyed; their volumes are kept. \
            When a fleet fails, those that need it are not begun, and the rest goes on.

            With a plan that kiln plan -o kept: does that plan, or nothing when what it was made from has moved.

            Examples:

              kiln apply
              kiln apply --environment prod
              kiln plan -o prod.plan; kiln apply prod.plan
              kiln apply --override --why "the fix is on its way"
            """
    )

    @Argument(help: "A plan that was kept in a file.")
    var plan: String?

    @Option(help: "How many fleets are changed at a time.")
    var parallel = 4

    @Flag(
        help:
            "Try releases again that failed before and are quarantined, or make ones that no listener leads to."
    )
    var force = false

    @Flag(help: "Take over fleets that belong to another definition.")
    var takeOver = false

    @Flag(
        name: .customLong("override"),
        help: "Make releases although the gates of their images refuse them; needs --why."
    )
    var overridesGates = false

    @Option(help: "Why gates are overridden; is kept with the releases.")
    var why: String?

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var drive: DriveOptions

    func validate() throws {
        try DriveOptions.check(why, "--why")
        guard overridesGates == (why?.isEmpty == false) else {
            throw ValidationError(
                "--override and --why TEXT go together: whoever looks back should know the reason"
            )
        }
        guard (1...64).contains(parallel) else {
            throw ValidationError("--parallel takes a number from 1 to 64")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let saved = try plan.map(PlanFile.read)
        let fleets = try FleetContext(context)
        let survey = ApplySurvey(
            options: options,
            environment: try environment(of: saved),
            fleets: fleets,
            context: context,
            takesOver: takeOver || saved?.basis.takesOver == true
        )
        var situation = try await survey.look()
        if let saved, let plan { try PlanFile.check(saved, against: situation.basis, file: plan) }
        show(situation.plan, context)
        if !situation.plan.bakes.isEmpty {
            let plan = situation
            try await context.withProgress(drive.format.format) { try await survey.bake(plan) }
            situation = try await survey.look()
            // A bake may take its time, in which others are at work.
            if let saved, let plan = self.plan {
                try PlanFile.check(saved, against: situation.basis, file: plan)
            }
        }
        let endings = try await carryOut(situation, fleets, context)
        try tell(endings, situation, context)
        let unshown = await unshownCertificates(situation, fleets)
        if !unshown.isEmpty { context.console.show(unshown) }
        let status = PlanRun.status(of: endings, fleets.stop)
        if status != .done { throw CommandExit(status: status) }
        if !unshown.isEmpty { throw CommandExit(status: .failed) }
    }

    /// The fleets run, but clients do not meet what the definition's files hold.
    private func unshownCertificates(
        _ situation: ApplySituation,
        _ fleets: FleetContext
    ) async -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for fleet in (try? DefinedFleet.all(of: situation.definition)) ?? [] {
            for listener in await fleets.reader.certificates(of: fleet.policy.settings(of: fleet.name)) {
                guard let trouble = listener.trouble else { continue }
                let isOpen = listener.expires != nil
                diagnostics.append(
                    Diagnostic(
                        code: "fleet.certificate",
                        "fleet \(fleet.name) \(isOpen ? "shows its old certificate" : "is closed") on \(listener.address)",
                        causes: ["what the files hold cannot be used: \(trouble)"],
                        hint: "put a good certificate and its key there, then: kiln apply"
                    )
                )
            }
        }
        return diagnostics
    }

    /// A kept plan is of an environment; one that is named beside it has to be the same.
    private func environment(of saved: SavedPlan?) throws -> EnvironmentName? {
        let chosen = try options.chosenEnvironment
        guard let saved, let plan else { return chosen }
        guard chosen == nil || chosen == saved.basis.environment else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "plan.environment",
                    "\(plan) is for \(saved.basis.environment.map { "\($0)" } ?? "no environment"), not for \(chosen.map { "\($0)" } ?? "none")",
                    hint: "leave --environment out: the plan knows its own",
                    exitStatus: .usage
                )
            )
        }
        return saved.basis.environment
    }

    private func show(_ plan: ApplyPlan, _ context: CommandContext) {
        guard drive.format.format == .text, plan.isChange else { return }
        context.console.message(PlanText(plan, color: context.console.messages.color).text)
    }

    private func carryOut(
        _ situation: ApplySituation,
        _ fleets: FleetContext,
        _ context: CommandContext
    ) async throws -> [PlanRun.Ending] {
        let defined = Dictionary(
            uniqueKeysWithValues: try DefinedFleet.all(of: situation.definition).map { ($0.name, $0) }
        )
        var driverOptions = drive.driverOptions(force: force, context)
        driverOptions.environment = situation.definition.environment
        driverOptions.origin = options.origin
        driverOptions.takesOver = situation.basis.takesOver
        let changes = try await fleets.severalChanges
        let run = PlanRun(context: context, fleets: fleets, format: drive.format.format, parallel: parallel)
        return try await run.run(situation.plan) { [force, why, driverOptions] step, stop in
            if let obstacle = step.obstacle, !obstacle.isPassed(force: force, overriding: why != nil) {
                throw Self.refused(step.fleet, obstacle)
            }
            var driverOptions = driverOptions
            driverOptions.expected = situation.expectation(of: step.fleet)
            if step.action == .destroy {
                return try await changes(stop).perform(
                    .destroy(volumes: false),
                    on: step.fleet,
                    gate: { _ in },
                    options: driverOptions
                )
            }
            guard let fleet = defined[step.fleet], let content = situation.contents[step.fleet] else {
                throw Self.unbaked(step.fleet)
            }
            try await content.checkSecrets(in: fleets.vault)
            driverOptions.origins = situation.origins[step.fleet] ?? []
            let override = why.map { GateVerdict.Override(author: context.operatorName, why: $0) }
            if let why, let remark = try await fleet.remark(overriding: content, home: fleets.home) {
                driverOptions.remark = "\(remark): \(why)"
            }
            return try await changes(stop).perform(
                .deploy(content, fleet.policy),
                on: step.fleet,
                gate: fleet.gate(fleets, override: override),
                options: driverOptions
            )
        }
    }

    private static func refused(_ fleet: FleetName, _ obstacle: ApplyPlan.Obstacle) -> DiagnosticFailure {
        DiagnosticFailure(
            Diagnostic(
                code: "plan.refused",
                "fleet \(fleet) is left as it is",
                causes: [obstacle.reason],
                hint: obstacle.hint,
                exitStatus: obstacle.kind.status
            )
        )
    }

    /// Somebody took the image away since it was baked.
    private static func unbaked(_ fleet: FleetName) -> DiagnosticFailure {
        DiagnosticFailure(
            Diagnostic(
                code: "plan.unbaked",
                "the image of fleet \(fleet) is not there, although it was baked a moment ago",
                hint: "run: kiln apply"
            )
        )
    }

    private func tell(
        _ endings: [PlanRun.Ending],
        _ situation: ApplySituation,
        _ context: CommandContext
    ) throws {
        if drive.format.format == .json { return try context.resultJSON(["fleets": endings]) }
        let waits = endings.filter { $0.result == "waiting" }.map { Optional($0.fleet) }
        for ending in endings {
            switch ending.result {
            case "skipped":
                context.console.message(
                    "\(ending.fleet): not begun, since \(ending.because.map { "\($0)" } ?? "another fleet") \(waits.contains(ending.because) ? "waits for a person" : "did not succeed")"
                )
            case "stopped": context.console.message("\(ending.fleet): not begun")
            default: break
            }
        }
        let waiting = situation.plan.steps.count { $0.waits != nil }
        if waiting > 0 { context.console.message("\(waiting) rollouts wait for a person") }
        let isDone = endings.allSatisfy { $0.result == "done" || $0.result == "kept" }
        let changed = endings.count { $0.result == "done" }
        context.console.message(
            isDone && changed == 0
                ? "nothing to do: \(endings.count) fleets are as \(options.file) wants them"
                : "\(changed) of \(endings.count { $0.result != "kept" }) changes are done"
        )
    }
}

extension ApplyPlan.Obstacle {
    /// Whether the user said that it is no reason to stop.
    fileprivate func isPassed(force: Bool, overriding: Bool) -> Bool {
        switch kind {
        case .quarantined, .unanswered: force
        case .gate: overriding
        case .revoked, .unsigned, .unfit, .foreign, .frozen: false
        }
    }
}
