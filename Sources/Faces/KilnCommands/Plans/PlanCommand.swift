import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what kiln apply would do, and why; change nothing.",
        discussion: """
            Compares the fleets of the definition with what runs. Fleets are created, replaced, restored and destroyed, \
            never updated; a policy (scale, listener, rollout) applies without replacing anything. Exit status 6 when \
            there is something to do.

            Examples:

              kiln plan
              kiln plan --environment prod -o prod.plan && kiln apply prod.plan
            """
    )

    @Option(name: .shortAndLong, help: "Keep the plan in this file, for kiln apply.")
    var output: String?

    @Flag(help: "Plan to take over fleets that belong to another definition.")
    var takeOver = false

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let survey = ApplySurvey(
            options: options,
            environment: try options.chosenEnvironment,
            fleets: try FleetContext(context),
            context: context,
            takesOver: takeOver
        )
        let situation = try await survey.look()
        if let output {
            let saved = SavedPlan(made: WallClock.now, basis: situation.basis, plan: situation.plan)
            try Files.write(try CanonicalJSON.encodePretty(saved), toNamed: FilePath(output))
        }
        try show(situation, context)
        if situation.plan.isChange { throw CommandExit(status: .changesPending) }
    }

    private func show(_ situation: ApplySituation, _ context: CommandContext) throws {
        if format.format == .json { return try context.resultJSON(PlanReport(situation)) }
        let text = PlanText(situation.plan, color: context.console.output.color)
        if !situation.plan.steps.isEmpty { context.console.result(text.text) }
        let waiting = situation.plan.steps.count { $0.waits != nil }
        let saved = output.map { "; kiln apply \($0) does this and nothing else" } ?? ""
        context.console.message(
            situation.plan.isChange
                ? "\(options.file): \(text.summary)\(saved)"
                : waiting > 0
                    ? "\(options.file): nothing to do; \(waiting) rollouts wait for a person"
                    : "\(options.file): nothing to do, everything is as it is wanted"
        )
    }
}

/// A plan as `--format json` shows it.
struct PlanReport: Encodable {
    let environment: EnvironmentName?
    let changes: Bool
    let plan: ApplyPlan

    init(_ situation: ApplySituation) {
        environment = situation.basis.environment
        changes = situation.plan.isChange
        plan = situation.plan
    }
}
