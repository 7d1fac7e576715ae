import ArgumentParser
import Glibc
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import OrderedCollections

struct DestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Take fleets down: drain and remove their instances, balancers, networks.",
        discussion: """
            Without a name: every fleet of the definition, those that need others first. Releases and events are kept, and \
            volumes too unless --volumes is given.

            Examples:

              kiln destroy shop --volumes
              kiln destroy
              kiln destroy --all              also the fleets of other definitions
            """
    )

    @Argument(help: "The fleet; all of the definition when none is named.")
    var fleet: FleetName?

    @Flag(help: "Every fleet of this machine.")
    var all = false

    @Flag(help: "Delete the volumes too. There is no way back.")
    var volumes = false

    @Flag(help: "Do not ask on a terminal before several fleets go.")
    var yes = false

    @Flag(help: "Take the named fleet down although it is another definition's that has one of that name.")
    var takeOver = false

    @Option(help: "How many fleets are taken down at a time.")
    var parallel = 4

    @OptionGroup var definition: DefinitionOptions
    @OptionGroup var options: DriveOptions

    func validate() throws {
        if fleet != nil, all { throw ValidationError("--all takes down every fleet: name none beside it") }
        guard (1...64).contains(parallel) else {
            throw ValidationError("--parallel takes a number from 1 to 64")
        }
    }

    func run() async throws {
        if let fleet { return try await destroy(fleet) }
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let origin = definition.origin
        let present = try await fleets.reader.present()
        let chosen = present.filter { all || $0.standing?.origin == origin }
        let plan = ApplyPlanner(origin: origin) { _ in false }.destruction(of: chosen)
        guard !plan.steps.isEmpty else { return try tellNothing(others: present.count, context) }
        try await confirm(plan, context)
        let run = PlanRun(context: context, fleets: fleets, format: options.format.format, parallel: parallel)
        let driverOptions = options.driverOptions(context)
        let changes = try await fleets.severalChanges
        let endings = try await run.run(plan) { [volumes] step, stop in
            var driverOptions = driverOptions
            driverOptions.expected = FleetExpectation(chosen.first { $0.name == step.fleet }?.standing)
            return try await changes(stop).perform(
                .destroy(volumes: volumes),
                on: step.fleet,
                gate: { _ in },
                options: driverOptions
            )
        }
        try tell(endings, context)
        let status = PlanRun.status(of: endings, fleets.stop)
        if status != .done { throw CommandExit(status: status) }
    }

    /// Whoever stands in a project means its own fleet, and not another's of the same name.
    private func refuseForeign(_ fleet: FleetName, _ fleets: FleetContext) async throws {
        guard !takeOver, let other = try await fleets.store.fleet(fleet)?.origin, other.isThere,
            other != definition.origin, Files.exists(definition.path),
            let own = try? definition.definition(), own.fleets[fleet] != nil
        else { return }
        throw FleetError.foreign(fleet, other, definition.origin)
    }

    private func destroy(_ fleet: FleetName) async throws {
        let context = CommandContext.current
        let outcome = try await options.run { fleets, driverOptions in
            try await refuseForeign(fleet, fleets)
            return try await fleets.perform(.destroy(volumes: volumes), on: fleet, options: driverOptions)
        }
        let isJSON = options.format.format == .json
        guard case .stopped = outcome else {
            let report = OutcomeReport(fleet, outcome)
            if isJSON { try context.resultJSON(report) } else { report.show(on: context.console) }
            throw CommandExit(status: outcome.exitStatus == .done ? .failed : outcome.exitStatus)
        }
        if isJSON { return try context.resultJSON(Destroyed(fleet: fleet, keptVolumes: !volumes)) }
        context.console.message(
            volumes ? "\(fleet) is gone, its volumes too" : "\(fleet) is gone; its volumes are kept"
        )
    }

    private func tellNothing(others: Int, _ context: CommandContext) throws {
        if options.format.format == .json { return try context.resultJSON(["fleets": [PlanRun.Ending]()]) }
        let hint =
            others == 0
            ? ""
            : "\nhint: \(others) fleets belong to other definitions; kiln destroy --all takes them down too"
        context.console.message("no fleet of \(definition.file) runs here\(hint)")
    }

    /// One word by mistake takes down everything: where a person is there to ask, they are asked.
    private func confirm(_ plan: ApplyPlan, _ context: CommandContext) async throws {
        let names = plan.steps.map(\.fleet.description).joined(separator: ", ")
        guard !yes, isatty(STDIN_FILENO) == 1, context.console.messages.isTerminal else { return }
        context.console.message(
            "this takes down \(names)\(volumes ? ", and deletes their volumes" : ""); type yes to go on:"
        )
        // Nothing is under way that would have to come to an end.
        let answer = try await context.interruption.deferring {
            _exit(ExitStatus.interrupted.rawValue)
        } _: {
            readLine() ?? ""
        }
        guard answer == "yes" else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "destroy.unconfirmed",
                    "nothing was taken down",
                    hint: "--yes goes on without asking",
                    exitStatus: .usage
                )
            )
        }
    }

    private func tell(_ endings: [PlanRun.Ending], _ context: CommandContext) throws {
        if options.format.format == .json { return try context.resultJSON(["fleets": endings]) }
        for ending in endings where ending.result == "skipped" || ending.result == "stopped" {
            context.console.message("\(ending.fleet): left as it is")
        }
        guard endings.allSatisfy({ $0.result == "done" }) else { return }
        context.console.message(
            volumes ? "all are gone, their volumes too" : "all are gone; their volumes are kept"
        )
    }
}

private struct Destroyed: Encodable {
    let fleet: FleetName
    var outcome = "destroyed"
    let keptVolumes: Bool
}
