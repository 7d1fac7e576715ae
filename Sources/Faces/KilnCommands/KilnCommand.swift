package import ArgumentParser

/// `kiln`: the whole command line.
package struct KilnCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "kiln",
        abstract: "Bakes golden images from one locked definition and keeps fleets made of nothing else.",
        discussion: """
            A first fleet, in an empty folder:

              kiln init                 write a working definition
              kiln lock                 pin every package it needs
              kiln bake                 make its images
              kiln deploy hello         start the fleet

            Exit status: 0 done, 1 failed, 2 wrong usage or definition, 3 a gate refused, 4 drift found, 5 rolled back, \
            6 changes pending.
            """,
        version: KilnVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Definition",
                subcommands: [
                    InitCommand.self, CheckCommand.self, LockCommand.self, OutdatedCommand.self,
                    SchemaCommand.self, AdoptCommand.self,
                ]
            ),
            CommandGroup(
                name: "Images",
                subcommands: [
                    BakeCommand.self, TestCommand.self, ImageCommand.self, KeyCommand.self, GCCommand.self,
                ]
            ),
            CommandGroup(
                name: "Assurance",
                subcommands: [
                    ScanCommand.self, SBOMCommand.self, AffectedCommand.self, DatabaseCommand.self,
                    LintCommand.self,
                ]
            ),
            CommandGroup(
                name: "Fleets",
                subcommands: [
                    PlanCommand.self, ApplyCommand.self, DeployCommand.self, RollbackCommand.self,
                    RecycleCommand.self, ScaleCommand.self, PauseCommand.self, ResumeCommand.self,
                    PromoteCommand.self, AbortCommand.self, FreezeCommand.self, DestroyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Observing",
                subcommands: [
                    StatusCommand.self, WhyCommand.self, ReleasesCommand.self, EventsCommand.self,
                    LogsCommand.self, CopyCommand.self, DebugCommand.self, ReportCommand.self,
                    DriftCommand.self, EvidenceCommand.self, TraceCommand.self,
                ]
            ),
            CommandGroup(
                name: "Machine",
                subcommands: [
                    ServeCommand.self, ConfigCommand.self, DoctorCommand.self, BackupCommand.self,
                    RestoreCommand.self,
                ]
            ),
        ]
    )

    package init() {}
}

package enum KilnVersion {
    package static let current = "0.1.0"
}
