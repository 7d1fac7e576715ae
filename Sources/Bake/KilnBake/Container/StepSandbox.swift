import KilnDefinition
import KilnDiagnostics
import KilnSystem
import OrderedCollections
import SystemPackage

/// What every step's program is given: an image's root with the step's inputs and secrets beside it.
struct StepSandbox: Sendable {
    let step: StepDefinition
    /// Whose step it is, for messages.
    let image: ImageName
    /// The step's own source and those of its inputs, by the path as written.
    let inputs: [FilePath: InputTree]
    let epoch: Int64
    let containers: ContainerRunner
    /// Must not be found in what the step leaves.
    let secrets: [SecretValue]

    /// Where a container sees the inputs.
    static let inputFolder = BakeContainer.folder + "/inputs"

    /// Copies sources to their written paths below a folder, as they lie beside the definition, and gives the bind of it.
    func stage(_ paths: [FilePath], in root: BakeRoot) async throws -> BakeContainer.Bind {
        let folder = root.bundle.appending("inputs")
        try Files.createDirectory(folder)
        let staging = InputStaging(epoch: epoch)
        for path in paths {
            let target = path.lexicallyNormalized()
            guard target.isRelative, target.components.first?.kind != .parentDirectory else {
                throw BakeError.missingInput(path, at: step.span)
            }
            try await staging.copy(try input(path), to: target, in: StagingFolder(path: folder))
        }
        try staging.settle(folder)
        return .init(source: folder, target: Self.inputFolder)
    }

    /// Copies the step's own source to a file of the bundle, which can be executed.
    func stageScript(to name: String, in root: BakeRoot) async throws -> FilePath {
        try await InputStaging(epoch: epoch).copy(
            try input(step.run),
            to: FilePath(name),
            in: StagingFolder(path: root.bundle),
            fileMode: 0o755
        )
        return root.bundle.appending(name)
    }

    private func input(_ path: FilePath) throws -> InputTree {
        guard let input = inputs[path] else { throw BakeError.missingInput(path, at: step.span) }
        return input
    }

    /// A container for the command, with the step's variables and secrets. Where the root has a shell that puts both
    /// outputs on one pipe first, since runc's two lose the order of lines.
    func container(
        _ command: [String],
        environment: [String: String] = [:],
        binds: [BakeContainer.Bind],
        in root: BakeRoot
    ) throws -> BakeContainer {
        let hasShell = Files.exists(root.path.pushing("bin/sh"))
        var container = BakeContainer(
            arguments: hasShell ? ["/bin/sh", "-c", #"exec "$@" 2>&1"#, "sh"] + command : command,
            environment: environment.merging(step.env.map { ($0, $1) }) { $1 },
            epoch: epoch,
            binds: binds
        )
        container.secrets = try SecretMount.make(secrets, in: root.bundle)
        return container
    }

    /// Runs it to the end, and throws what `failure` tells of any status but 0. `code` is that error's.
    func run(
        _ container: BakeContainer,
        in root: BakeRoot,
        work: WorkID,
        code: String,
        failure: (ContainerRunner.Outcome) -> CommandFailure
    ) async throws {
        try await containers.run(container, root: root.path, scratch: root.bundle, work: work) { outcome in
            failure(outcome).error(code)
        }
    }

    /// What `--rebuild-from` calls the step.
    var layer: String { "\(image)/\(step.run)" }
}
