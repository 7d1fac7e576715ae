import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import OrderedCollections
import SystemPackage

/// Runs a definition's script in an image's root.
struct StepRunner: Sendable {
    let step: StepDefinition
    /// The script's and the inputs' sources, by the path as written.
    let inputs: [FilePath: InputTree]
    let epoch: Int64
    let containers: ContainerRunner

    private static let script = BakeContainer.folder + "/step"
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
        let container = BakeContainer(
            arguments: try Self.arguments(for: script, hasShell: Files.exists(root.path.pushing("bin/sh"))),
            environment: Dictionary(uniqueKeysWithValues: step.env.map { ($0, $1) }),
            epoch: epoch,
            binds: [
                .init(source: script, target: Self.script), .init(source: staged, target: Self.inputFolder),
            ]
        )
        let outcome = try await containers.run(container, root: root.path, scratch: folder, work: work)
        guard outcome.status == .exited(0) else {
            throw BakeError.stepFailed(step.run, outcome.status, lastLines: outcome.lastLines, at: step.span)
        }
    }

    private func input(_ path: FilePath) throws -> InputTree {
        guard let input = inputs[path] else { throw BakeError.missingInput(path, at: step.span) }
        return input
    }

    /// By its `#!` line, else by a shell that ends at the first failure. Where there is a shell it puts both outputs on
    /// one pipe first, since runc's two lose the order of lines.
    private static func arguments(for script: FilePath, hasShell: Bool) throws -> [String] {
        let descriptor = open(script.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(script)") }
        defer { close(descriptor) }
        var start: [UInt8] = [0, 0]
        let count = read(descriptor, &start, 2)
        let command =
            count == 2 && start == Array("#!".utf8) ? [Self.script] : ["/bin/sh", "-e", Self.script]
        return hasShell ? ["/bin/sh", "-c", #"exec "$@" 2>&1"#, "sh"] + command : command
    }
}
