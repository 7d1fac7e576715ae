import KilnDiagnostics

/// What runs a step in an image's root.
protocol StepProgram: Sendable {
    init(sandbox: StepSandbox)

    func run(in root: BakeRoot, work: WorkID) async throws
}
