import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Runs a definition's script in an image's root.
struct StepRunner: StepProgram {
    let sandbox: StepSandbox

    func run(in root: BakeRoot, work: WorkID) async throws {
        let step = sandbox.step
        let script = try await sandbox.stageScript(to: "step", in: root)
        let inputs = try await sandbox.stage(Array(step.inputs), in: root)
        let text = try Files.read(script)
        let plan = StepScript(text, shell: try Self.shell(of: root.path))
        var container = try sandbox.container(
            plan.command,
            binds: [.init(source: script, target: StepScript.path), inputs],
            in: root
        )
        let source = SourceText(name: step.run.string, text: String(decoding: text, as: UTF8.self))
        switch plan.tracing {
        case .feed: try await runFed(container, text, source, in: root, work)
        case .bash:
            let trace = try prepareBash(&container, in: root.bundle)
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
        try await sandbox.run(container, in: root, work: work, code: "step-failed") { outcome in
            let (step, lines) = (sandbox.step, failedLines(outcome))
            return CommandFailure(
                what: "step \(step.run) of image \"\(sandbox.image)\"",
                layer: sandbox.layer,
                outcome: outcome,
                place: step.span,
                line: lines?.span(in: source),
                lastLine: lines?.last,
                renames: [(StepScript.feedPath + ": ", ""), (StepScript.path + ": ", "\(step.run): ")]
            )
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

    /// What the root's `/bin/sh` is a link to.
    private static func shell(of root: FilePath) throws -> String? {
        let shell = root.pushing("bin/sh")
        guard Files.facts(shell)?.kind == .symlink else { return nil }
        return FilePath(try InputDigester.target(of: shell)).lastComponent?.string
    }
}
