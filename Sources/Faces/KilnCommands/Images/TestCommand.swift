import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Start an image as an instance would be started, and ask its checks.",
        discussion: """
            Takes the image as it was baked last and the checks of the definition. The instance has the sealed root, the \
            user and the limits of any other, its state in memory, and gets no traffic; nothing of it stays. Exit status 1 \
            when a check fails. `kiln deploy` asks images that were not tested yet by itself.

            Examples:

              kiln test shop
              kiln test shop --junit report.xml
            """
    )

    @Argument(help: "The image.")
    var image: ImageName

    @Option(help: "Seconds that the instance may take to become healthy.")
    var healthyWithin = 60

    @Option(help: "Also write the results as JUnit XML to this file.")
    var junit: NamedFile?

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (1...3600).contains(healthyWithin) else {
            throw ValidationError("--healthy-within takes a number of seconds from 1 to 3600")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        try checkName(definition)
        let checks = definition.resolvedImage(image).checks
        guard !checks.isEmpty else { throw noChecks }
        let fleets = try FleetContext(context)
        try junit?.check()
        let trial = CheckRun(fleets: fleets, healthyWithin: .seconds(healthyWithin))
        let verdict = try await context.withProgress(format.format) {
            try await ask(checks, of: definition, trial, context)
        }
        try CheckVerdicts(home: fleets.home).record(verdict)
        try junit?.write(CheckReport(image, verdict).junit)
        try show(verdict, context)
        if !verdict.passed { throw CommandExit(status: .failed) }
    }

    private func ask(
        _ checks: [CheckDefinition],
        of definition: Definition,
        _ trial: CheckRun,
        _ context: CommandContext
    ) async throws -> CheckVerdict {
        try await StoreLock(trial.fleets.home).shared {
            let images = ImageStore(home: trial.fleets.home)
            var fleet = FleetDefinition(image: image)
            // It is asked as it will run.
            fleet.writableRoot = definition.fleets.values.contains { $0.image == image && $0.writableRoot }
            let content = try ReleaseAssembler(images: images).content(
                for: fleet,
                image: try definition.bakedLast(image, in: images),
                directory: definition.directory,
                needsEntrypoint: false
            )
            return try await context.interruption.deferring {
                context.console.message("stopping after the question under way; again to stop at once")
                trial.fleets.stop.request()
            } _: {
                try await trial.run(content, checks)
            }
        }
    }

    private func show(_ verdict: CheckVerdict, _ context: CommandContext) throws {
        let report = CheckReport(image, verdict)
        if format.format == .json { return try context.resultJSON(report) }
        context.console.result(report.text(color: context.console.output.color))
        if !verdict.log.isEmpty {
            let lines = verdict.log.map { "  " + ShownText.line($0) }.joined(separator: "\n")
            context.console.message("the instance's last lines:\n" + lines)
        }
    }

    private func checkName(_ definition: Definition) throws {
        guard definition.images[image] == nil else { return }
        throw DiagnosticFailure(
            Diagnostic(
                code: "definition.unknown-image",
                "\(options.file) has no image \"\(image)\"",
                hint: Spelling.hint(
                    for: image.description,
                    in: definition.images.keys.map(\.description)
                ),
                exitStatus: .usage
            )
        )
    }

    private var noChecks: DiagnosticFailure {
        DiagnosticFailure(
            Diagnostic(
                code: "test.no-checks",
                "image \"\(image)\" has no checks",
                hint: "for example, checks: [{http: {path: /healthz}}, {run: [java, -version]}]",
                exitStatus: .usage
            )
        )
    }
}

/// Runs an image's checks, and tells of each as it is answered.
struct CheckRun: Sendable {
    let fleets: FleetContext
    var healthyWithin = Duration.seconds(60)

    func run(_ content: ReleaseContent, _ checks: [CheckDefinition]) async throws -> CheckVerdict {
        let work = WorkID("test/\(content.imageName)")
        return try await Progress.track(work, label: "test \(content.imageName) (\(content.image.short))") {
            let images = ImageStore(home: fleets.home)
            let config = try images.config(try images.manifest(content.image).value).value.config
            let startsProgram = config?.entrypoint?.isEmpty == false || config?.cmd?.isEmpty == false
            let trial = ImageTrial(
                home: fleets.home,
                secrets: fleets.vault,
                stop: fleets.stop,
                healthyWithin: healthyWithin
            )
            return try await trial.run(content, checks, startsProgram: startsProgram) { result in
                Progress.report(.output(work, line: result.line))
            }
        }
    }
}
