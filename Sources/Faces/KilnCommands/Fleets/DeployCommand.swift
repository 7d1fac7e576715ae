import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnStore
import OrderedCollections

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make a fleet run its image as baked: a new release, if anything of it changed.",
        discussion: """
            Replaces instances step by step under the fleet's rollout policy and comes back by itself to the last stable \
            release when the new one fails (exit status 5). An image that was revoked, or stands on a revoked one, is \
            refused (exit status 3).

            Examples:

              kiln deploy shop
              kiln deploy shop --environment prod
              kiln deploy shop --format json
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Flag(help: "Try a release again that failed before and is quarantined.")
    var force = false

    @Flag(help: "Make the release although the image's checks were not asked or do not pass; needs --why.")
    var skipChecks = false

    @Option(help: "Why the checks are skipped; is kept with the release.")
    var why: String?

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var drive: DriveOptions

    func validate() throws {
        guard skipChecks == (why?.isEmpty == false) else {
            throw ValidationError(
                "--skip-checks and --why TEXT go together: whoever looks back should know the reason"
            )
        }
    }

    func run() async throws {
        let definition = try options.definition()
        guard let wanted = definition.fleets[fleet] else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "definition.unknown-fleet",
                    "\(options.file) has no fleet \"\(fleet)\"",
                    hint: Spelling.hint(
                        for: fleet.description,
                        in: definition.fleets.keys.map(\.description)
                    ),
                    exitStatus: .usage
                )
            )
        }
        try await drive.drive(fleet, force: force) { fleets, options in
            var options = options
            options.environment = definition.environment
            options.remark = why.map { "made without its checks: \($0)" }
            let checks = skipChecks ? [] : definition.resolvedImage(wanted.image).checks
            let checksGate = ChecksGate(verdicts: CheckVerdicts(home: fleets.home), checks: checks) {
                content in
                try await CheckRun(fleets: fleets).run(content, checks)
            }
            let images = ImageStore(home: fleets.home)
            let content = try ReleaseAssembler(images: images).content(
                for: wanted,
                directory: definition.directory
            )
            return try await fleets.driver.deploy(
                content,
                to: fleet,
                policy: wanted.policy,
                gate: { content in
                    try RevocationGate(images: images).check(content)
                    try await checksGate.check(content)
                },
                options: options
            )
        }
    }
}

extension FleetDefinition {
    fileprivate var policy: FleetPolicy {
        FleetPolicy(instances: instances, listen: listen, rollout: rollout)
    }
}
