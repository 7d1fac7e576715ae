import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import OrderedCollections
import SystemPackage

/// Runs a definition's script in an image's root.
struct StepRunner: StepProgram {
    let step: StepDefinition
    let image: ImageName
    /// The script's and the inputs' sources, by the path as written.
    let inputs: [FilePath: InputTree]
    let epoch: Int64
    let containers: ContainerRunner
    let secrets: [SecretValue]

    private static let inputFolder = BakeContainer.folder + "/inputs"

    func run(in root: BakeRoot, work: WorkID) async throws {
        let folder = root.bundle
        let staging = InputStaging(epoch: epoch)
        let script = folder.appending("step")
        try await staging.copy(
            try input(step.run),
            to: "step",
            in: StagingFolder(path: folder),
            fileMode: 0o755
        )
        let staged = folder.appending("inputs")
        try Files.createDirectory(staged)
        for path in step.inputs {
            let target = path.lexicallyNormalized()
            guard target.isRelative, target.components.first?.kind != .parentDirectory else {
                throw BakeError.missingInput(path, at: step.span)
            }
            try await staging.copy(try input(path), to: target, in: StagingFolder(path: staged))
        }
        try staging.settle(staged)
        let text = try Files.read(script)
        let plan = StepScript(text, shell: try Self.shell(of: root.path))
        var container = BakeContainer(
            arguments: Self.merging(plan.command, hasShell: Files.exists(root.path.pushing("bin/sh"))),
            environment: Dictionary(uniqueKeysWithValues: step.env.map { ($0, $1) }),
            epoch: epoch,
            binds: [
                .init(source: script, target: StepScript.path),
                .init(source: staged, target: Self.inputFolder),
            ]
        )
        container.secrets = try SecretMount.make(secrets, in: folder)
        let source = SourceText(name: step.run.string, text: String(decoding: text, as: UTF8.self))
        switch plan.tracing {
        case .feed:
            try await runFed(container, text, source, in: root, work)
        case .bash:
            let trace = try prepareBash(&container, in: folder)
            try await run(container, source, in: root, work) { outcome in
                FailedLines(noted: (try? Files.readText(trace, limit: 1 << 20)) ?? "", status: outcome.status)
            }
        case .none: try await run(container, source, in: root, work) { _ in nil }
        }
    }

    /// The shell is known to have come as far as it had taken lines.
    private func runFed(
        _ container: BakeContainer,
        _ text: [UInt8],
        _ source: SourceText,
        in root: BakeRoot,
        _ work: WorkID
    ) async throws {
        let feed = try ScriptFeed(text, at: root.bundle.appending("feed"))
        var container = container
        container.binds.append(.init(source: feed.path, target: StepScript.feedPath))
        let fed = container
        try await feed.during {
            try await run(fed, source, in: root, work) { outcome in
                FailedLines(script: text, taken: feed.taken, outcome: outcome)
            }
        }
    }

    private func run(
        _ container: BakeContainer,
        _ source: SourceText,
        in root: BakeRoot,
        _ work: WorkID,
        failedLines: (ContainerRunner.Outcome) -> FailedLines?
    ) async throws {
        try await containers.run(container, root: root.path, scratch: root.bundle, work: work) { outcome in
            let lines = failedLines(outcome)
            return CommandFailure(
                what: "step \(step.run) of image \"\(image)\"",
                layer: "\(image)/\(step.run)",
                outcome: outcome,
                place: step.span,
                line: lines?.span(in: source),
                lastLine: lines?.last,
                renames: [(StepScript.feedPath + ": ", ""), (StepScript.path + ": ", "\(step.run): ")]
            ).error("step-failed")
        }
    }

    /// Gives the file that bash will note failures in.
    private func prepareBash(_ container: inout BakeContainer, in folder: FilePath) throws -> FilePath {
        let (setup, trace) = (folder.appending("bash-env"), folder.appending("trace"))
        try Files.write(StepScript.bashSetup, to: setup, synced: false)
        try Files.write("", to: trace, synced: false)
        container.binds += [
            .init(source: setup, target: StepScript.bashSetupPath),
            .init(source: trace, target: StepScript.tracePath, isWritable: true),
        ]
        container.environment["BASH_ENV"] = StepScript.bashSetupPath
        return trace
    }

    private func input(_ path: FilePath) throws -> InputTree {
        guard let input = inputs[path] else { throw BakeError.missingInput(path, at: step.span) }
        return input
    }

    /// What the root's `/bin/sh` is a link to.
    private static func shell(of root: FilePath) throws -> String? {
        let shell = root.pushing("bin/sh")
        guard Files.facts(shell)?.kind == .symlink else { return nil }
        return FilePath(try InputDigester.target(of: shell)).lastComponent?.string
    }

    /// Where there is a shell it puts both outputs on one pipe first, since runc's two lose the order of lines.
    private static func merging(_ command: [String], hasShell: Bool) -> [String] {
        hasShell ? ["/bin/sh", "-c", #"exec "$@" 2>&1"#, "sh"] + command : command
    }
}
