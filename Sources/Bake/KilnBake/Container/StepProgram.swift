import KilnDefinition
import KilnDiagnostics
import SystemPackage

/// What runs a step in an image's root.
protocol StepProgram: Sendable {
    /// `inputs` are its own source and those of its inputs, by the path as written; `image` is whose step it is, for
    /// messages.
    init(
        step: StepDefinition,
        image: ImageName,
        inputs: [FilePath: InputTree],
        epoch: Int64,
        containers: ContainerRunner,
        secrets: [SecretValue]
    )

    /// Must not be found in what it leaves.
    var secrets: [SecretValue] { get }

    func run(in root: BakeRoot, work: WorkID) async throws
}
