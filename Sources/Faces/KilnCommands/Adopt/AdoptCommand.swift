import ArgumentParser
import KilnAdopt
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Read an existing server, and write the definition that rebuilds it.",
        discussion: """
            ROOT is the root folder of a server, a tar of one (plain, gzip, xz or zstd; docker export and tar write such), or / \
            for this machine, which is read and never written to. What the packages' own records and \
            a stock installation explain is not repeated: the definition names the packages that somebody chose, and brings the \
            files that differ from their packages or that no package owns. Each line says why it is there.

            State is proposed as volumes. What holds a secret is named and left out: keys, passwords, tokens; so are \
            caches, logs and what tools make again. The report tells how much of the server is accounted for, and lists the rest.

            With --verify the definition is locked and baked, and what still differs is listed (exit status 4).

            Examples:

              kiln adopt /mnt/old-server --output shop
              docker export shop > shop.tar; kiln adopt shop.tar --output shop
              kiln adopt / --output /srv/adopted --exclude /srv/backups --exclude /data
              kiln adopt /mnt/old-server --output shop --verify
            """
    )

    @Argument(help: ArgumentHelp("A root folder, a tar of one, or / for this machine.", valueName: "root"))
    var root: String

    @Option(name: .shortAndLong, help: "The folder to write the definition into.")
    var output: String

    @Flag(help: "Write over what an earlier run left in the output folder.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "A path in the root that is no part of the server, such as /srv/backups; can be repeated.",
            valueName: "path"
        )
    )
    var exclude: [String] = []

    @Flag(help: "Lock and bake the definition, and list what still differs from the server. Needs root.")
    var verify = false

    @Option(help: "The most paths that are listed.")
    var limit = 40

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let excluded = try Set(
            exclude.map { path in
                guard let clean = EntryPath.normalized(String(path.drop { $0 == "/" })), !clean.isEmpty else {
                    throw AdoptError(.notInRoot, path)
                }
                return clean
            }
        )
        let source = try source(context, excluded)
        var adoption = Adoption(source: source, output: FilePath(output))
        adoption.isForced = force
        adoption.excluded = excluded
        let prepared = adoption
        let adopted = try await context.withProgress(format.format) {
            var ready = prepared
            ready.progress = Progress.receiver
            return try await Blocking.run { [ready] in try ready.run() }
        }
        let text = AdoptText(adopted.report, limit: max(0, limit), color: context.console.output.color)
        guard verify else {
            if format.format == .json {
                try context.resultJSON(adopted.report)
            } else {
                context.console.result(text.report)
                context.console.message(text.next)
            }
            return
        }
        let verified = try await AdoptVerification(adopted, source, FilePath(output)).run(
            context,
            format.format
        )
        if format.format == .json {
            try context.resultJSON(VerifiedAdoption(report: adopted.report, verification: verified))
        } else {
            context.console.result(text.report)
            context.console.result(verified.text(limit: max(0, limit)))
        }
        if !verified.differences.isEmpty { throw CommandExit(status: .driftFound) }
    }

    private func source(_ context: CommandContext, _ excluded: Set<String>) throws -> any ServerSource {
        let path = FilePath(root)
        guard let facts = Files.facts(path, followingSymlinks: true) else { throw AdoptError(.missing, root) }
        let target = FilePath(output).resolved
        guard facts.kind == .directory else {
            guard facts.kind == .file else { throw AdoptError(.missing, root) }
            return TarSource(path, excluding: excluded)
        }
        let real = path.resolved
        var excluding = excluded
        for folder in [target, context.home.root.resolved] where folder.starts(with: real) && folder != real {
            excluding.insert(
                String(folder.string.dropFirst(real.string == "/" ? 1 : real.string.utf8.count + 1))
            )
        }
        if target == real { throw AdoptError(.insideRoot, output) }
        return FolderSource(real, excluding: excluding)
    }
}

struct VerifiedAdoption: Encodable {
    let report: AdoptReport
    let verification: AdoptVerification.Result
}
