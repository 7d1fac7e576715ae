import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnStore

/// What every command that changes a fleet takes.
struct DriveOptions: ParsableArguments {
    @Option(help: "Seconds to wait while another command changes the fleet.")
    var wait = 900

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Why, for those who look back; is kept with the events.", valueName: "text")
    )
    var message: String?

    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (0...86_400).contains(wait) else {
            throw ValidationError("--wait takes a number of seconds from 0 to 86400")
        }
        try Self.check(message, "--message")
    }

    /// As `kiln serve` would refuse it, before anything is done.
    static func check(_ text: String?, _ option: String) throws {
        guard text.map({ $0.utf8.count <= messageLimit }) ?? true else {
            throw ValidationError("\(option) takes up to \(messageLimit) bytes")
        }
    }

    /// It is shown in lists, and kept for as long as events are.
    private static let messageLimit = 2000
}

extension DriveOptions {
    /// Runs a change of the fleet, tells how it ended, and ends the command with that status.
    func drive(
        _ fleet: FleetName,
        force: Bool = false,
        _ change: (FleetContext, FleetDriver.Options) async throws -> DeployOutcome
    ) async throws {
        let outcome = try await run(force: force) { fleets, options in
            let outcome = try await change(fleets, options)
            // What was done is told whatever becomes of the warning.
            do { try await warnOfRevoked(fleet, fleets) } catch {
                for diagnostic in error.asDiagnostics { Progress.report(.diagnostic(diagnostic)) }
            }
            return outcome
        }
        let context = CommandContext.current
        let report = OutcomeReport(fleet, outcome)
        if format.format == .json { try context.resultJSON(report) } else { report.show(on: context.console) }
        guard outcome.exitStatus == .done else { throw CommandExit(status: outcome.exitStatus) }
    }

    /// What the driver is told of how the change is made, and by whom.
    func driverOptions(force: Bool = false, _ context: CommandContext) -> FleetDriver.Options {
        var options = FleetDriver.Options(force: force, wait: .seconds(wait))
        options.author = context.operatorName
        options.message = message
        return options
    }

    /// What was admitted goes on and comes back all the same; whoever changes the fleet should know.
    private func warnOfRevoked(_ fleet: FleetName, _ fleets: FleetContext) async throws {
        guard let release = try await fleets.store.runningRelease(of: fleet) else { return }
        let gate = RevocationGate(images: ImageStore(home: fleets.home))
        if let warning = try gate.warning(of: fleet, release: release.number, image: release.image) {
            Progress.report(.diagnostic(warning))
        }
    }

    /// Runs a change of a fleet, with its progress.
    ///
    /// Ctrl-C asks the driver to come to a good end; the second one is a crash.
    func run(
        force: Bool = false,
        _ change: (FleetContext, FleetDriver.Options) async throws -> DeployOutcome
    ) async throws -> DeployOutcome {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let options = driverOptions(force: force, context)
        let stop = fleets.stop
        return try await context.withProgress(format.format, narrates: true) {
            // No collection takes away what a fleet is about to need; while one is waited for, Ctrl-C ends that.
            try await StoreLock(fleets.home).shared(within: .seconds(wait)) {
                try await context.interruption.deferring(hangUp: { stop.request(.abandoning) }) {
                    context.console.message("stopping after the action under way; again to stop at once")
                    stop.request()
                } _: {
                    try await change(fleets, options)
                }
            }
        }
    }
}
