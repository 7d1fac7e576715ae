import ArgumentParser
import KilnCatalog
import KilnControl
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Keep what nothing else brings back: history, marks and verdicts.",
        discussion: """
            One file with the catalog (fleets, releases, rollouts, events), revocations, images' earlier names, what images \
            were made of, and what is known of their checks. Images come back from their registry or a bake; volumes \
            are not in it, nor is the key of the configuration store (config.key). May run at any time.

            Example:

              kiln backup /mnt/kiln.backup
            """
    )

    @Argument(help: "The file.")
    var file: String

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        try FleetContext.requireRoot()
        let manifest = try await HomeBackup(home: context.home).write(to: FilePath(file))
        if format.format == .json { return try context.resultJSON(manifest) }
        context.console.message("\(file) holds \(BackupText.summary(manifest))")
        if try await Catalog(path: context.home.catalog).holdsConfiguration() {
            context.console.message(
                "hint: the configuration store is in it, and its key is not: keep \(context.configKeyFile) apart"
            )
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring back what kiln backup kept, into a home without a history.",
        discussion: """
            Refused while kiln serve runs. Starts nothing: kiln apply then brings the fleets back from their definition, kiln resume FLEET one from what is \
            recorded, when its image is here.

            Example:

              kiln restore /mnt/kiln.backup
            """
    )

    @Argument(help: "The file.")
    var file: String

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        try FleetContext.requireRoot()
        let home = context.home
        try home.makeRuntime()
        let manifest: HomeBackup.Manifest
        do {
            // None begins meanwhile either: it would keep fleets by a catalog that is being replaced.
            manifest = try await ControllerLock(home).hold {
                try await HomeBackup(home: home).restore(from: FilePath(file))
            }
        } catch let busy as ControllerBusy {
            throw Self.refused(busy)
        }
        if format.format == .json { return try context.resultJSON(manifest) }
        context.console.message("restored \(BackupText.summary(manifest))")
        if !manifest.fleets.isEmpty { context.console.message("hint: kiln apply brings the fleets back") }
    }

    private static func refused(_ busy: ControllerBusy) -> DiagnosticFailure {
        let who = busy.process.map { "process \($0)" } ?? "another process"
        return DiagnosticFailure(
            Diagnostic(
                code: "backup.served",
                "\(who) keeps the fleets of this home: nothing was restored",
                hint: "end kiln serve first, with systemctl stop kiln or Ctrl-C there; "
                    + "start it again afterwards"
            )
        )
    }
}

private enum BackupText {
    static func summary(_ manifest: HomeBackup.Manifest) -> String {
        "\(manifest.fleets.count) fleets and \(manifest.files.count) files, as of \(WallClock.format(manifest.made))"
    }
}
