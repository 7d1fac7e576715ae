import ArgumentParser
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnOCI
import KilnStore

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make a fleet run its image as baked: a new release, if anything of it changed.",
        discussion: """
            Replaces instances step by step under the fleet's rollout policy and comes back by itself to the last stable \
            release when the new one fails (exit status 5). An image that was revoked, or stands on a revoked one, and one that \
            does not pass its gate, is refused (exit status 3).

            Examples:

              kiln deploy shop
              kiln deploy shop --environment prod
              kiln deploy shop --environment prod --image-from staging
              kiln deploy shop --override --why "the fix is on its way"
              kiln deploy shop --format json
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Option(
        help: ArgumentHelp(
            "Take the image of the stable release that was last deployed for this environment, not as baked.",
            valueName: "environment"
        )
    )
    var imageFrom: EnvironmentName?

    @Flag(
        help:
            "Try a release again that failed before and is quarantined, or make one that no listener leads to."
    )
    var force = false

    @Flag(help: "Take the fleet over although it belongs to another definition.")
    var takeOver = false

    @Flag(help: "Make the release although the image's checks were not asked or do not pass; needs --why.")
    var skipChecks = false

    @Flag(
        name: .customLong("override"),
        help: "Make the release although the image's gate refuses it; needs --why."
    )
    var overridesGate = false

    @Option(help: "Why the checks are skipped, or the gate is overridden; is kept with the release.")
    var why: String?

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var drive: DriveOptions

    func validate() throws {
        try DriveOptions.check(why, "--why")
        guard (skipChecks || overridesGate) == (why?.isEmpty == false) else {
            throw ValidationError(
                "--skip-checks, --override and --why TEXT go together: whoever looks back should know the reason"
            )
        }
    }

    func run() async throws {
        let definition = try options.definition()
        let wanted = try DefinedFleet(fleet, in: definition)
        try await drive.drive(fleet, force: force) { fleets, driverOptions in
            var driverOptions = driverOptions
            driverOptions.environment = definition.environment
            driverOptions.origin = options.origin
            driverOptions.takesOver = takeOver
            let resolved = try await wanted.resolved(fleets)
            driverOptions.origins = resolved.origins
            let content = try wanted.content(
                in: ImageStore(home: fleets.home),
                image: try await promoted(wanted, definition, fleets),
                resolved: resolved
            )
            try await content.checkSecrets(in: fleets.vault)
            driverOptions.remark = try await remark(wanted, content, fleets)
            return try await fleets.perform(
                .deploy(content, wanted.policy),
                on: fleet,
                gate: wanted.gate(fleets, skippingChecks: skipChecks, override: override),
                options: driverOptions
            )
        }
    }

    private var override: GateVerdict.Override? {
        overridesGate ? why.map { .init(author: CommandContext.current.operatorName, why: $0) } : nil
    }

    /// What the event says that makes the release: what it was made in spite of.
    private func remark(
        _ wanted: DefinedFleet,
        _ content: ReleaseContent,
        _ fleets: FleetContext
    ) async throws -> String? {
        guard let why else { return nil }
        var parts = skipChecks ? ["made without its checks"] : []
        if overridesGate, let remark = try await wanted.remark(overriding: content, home: fleets.home) {
            parts.append(remark)
        }
        return parts.isEmpty ? nil : "\(parts.joined(separator: ", ")): \(why)"
    }

    /// nil for the image as it was baked last.
    private func promoted(
        _ wanted: DefinedFleet,
        _ definition: Definition,
        _ fleets: FleetContext
    ) async throws -> Digest? {
        guard let imageFrom else { return nil }
        guard definition.environments.contains(imageFrom) else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "definition.unknown-environment",
                    "\(options.file) has no environment \"\(imageFrom)\" to take the image from",
                    hint: Spelling.hint(
                        for: imageFrom.description,
                        in: definition.environments.map(\.description)
                    ),
                    exitStatus: .usage
                )
            )
        }
        return try await PromotedImage(store: fleets.store)
            .digest(of: fleet, image: wanted.fleet.image, from: imageFrom)
    }
}
