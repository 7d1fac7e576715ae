import ArgumentParser
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import OrderedCollections

struct ImageVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Make images again from the lock, from nothing, and prove that they come out the same.",
        discussion: """
            Nothing of earlier bakes is used but the fetched packages, and the circumstances are hostile: programs see \
            the clock a year behind and one CPU; packages and files come in another order, on another medium; umask, \
            time zone and locale of our own tools are others. What differs is named: the layer, what made it and where the definition says so, and the files. An \
            image that the store does not have is baked first.

            The verdicts are kept: kiln image show tells them. Exit status 1 when something differs.

            Examples:

              kiln image verify
              kiln image verify shop --format json
            """
    )

    @Argument(help: "Images of the definition; all when none is named.")
    var images: [ImageName] = []

    @Option(help: "The most paths that are listed for a layer that differs.")
    var limit = 20

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        try options.check(images, in: definition)
        let lock = try LockFile.require(options.lockPath)
        let report = try await Verification(definition: definition, lock: lock, images: images, limit: limit)
            .run(context, format.format)
        if format.format == .json {
            try context.resultJSON(report)
        } else {
            context.console.result(report.text(color: context.console.output.color))
        }
        if !report.isSame { throw CommandExit(status: .failed) }
    }
}

/// Verifies, and says what is to be known of how that went.
struct Verification {
    let definition: Definition
    let lock: Lock
    let images: [ImageName]
    var limit = 20

    func run(_ context: CommandContext, _ format: OutputFormat) async throws -> VerificationReport {
        let verifier = ImageVerifier(
            definition: definition,
            lock: lock,
            home: context.home,
            registry: context.registry(),
            environment: context.environment
        )
        let found = try await context.withProgress(format) { try await verifier.verify(images) }
        for image in found where image.wasBaked {
            context.console.message("\(image.name) was not in the store: it was baked, then verified")
        }
        try await BakeProvenance.refresh(found.map(\.stored.manifest), context)
        sayClock(found, context)
        return VerificationReport(found, limit: max(0, limit))
    }

    /// A verdict that was reached with an honest clock is worth less, and that is said.
    private func sayClock(_ found: [ImageVerification], _ context: CommandContext) {
        let runs = found.flatMap(\.layers).compactMap(\.clockWasMoved)
        guard runs.contains(false) else { return }
        context.console.message(
            FalseClock.installed() == nil
                ? "the clock was not moved: libfaketime is not installed (kiln doctor)"
                : "the clock was not moved for \(runs.count(where: { !$0 })) of \(runs.count) layers that programs "
                    + "make: their C library takes no other time"
        )
    }
}
