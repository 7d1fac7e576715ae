import KilnArchive
import KilnDefinition
import KilnLock
import KilnStore
import KilnSystem
import SystemPackage

/// How each kind of layer is made; those of commands in a mounted root.
extension ImageBaker {
    func make(
        _ layer: PlannedLayer,
        at place: LayerPlace,
        _ image: ImageDefinition,
        on below: [BakedLayer]
    ) async throws -> WrittenLayer {
        let (name, work) = (place.image, place.work)
        let containers = ContainerRunner(
            home: home,
            log: place.log,
            inspector: inspector,
            conditions: conditions,
            movedClocks: movedClocks
        )
        switch layer.operation {
        case .packages(let packages, let fresh, let debconf):
            var installer = PackageInstaller(
                image: name,
                packages: packages,
                fresh: fresh,
                debconf: debconf,
                epoch: layer.epochs.own,
                span: image.spans["packages"] ?? image.span,
                file: { [home] in PackageStore(home: home).path($0.sha256) },
                containers: containers
            )
            installer.isReversed = conditions.isReversed
            let ready = installer
            return try await run(layer, on: below, place.watch, expecting: ready.expectedSize) {
                try await ready.install(into: $0, work: work)
            }
        case .step(let step):
            let program: any StepProgram.Type =
                step.program == .playbook ? AnsibleRunner.self : StepRunner.self
            let sandbox = StepSandbox(
                step: step,
                image: name,
                inputs: inputs.trees,
                epoch: layer.epochs.own,
                containers: containers,
                secrets: try values(of: step, for: layer)
            )
            return try await run(layer, on: below, place.watch) {
                try await program.init(sandbox: sandbox).run(in: $0, work: work)
            } check: {
                try SecretScan(sandbox.secrets).check($0, after: step)
            }
        case .downloads(let downloads, let owners):
            return try await place.watch.time(.write) {
                try await write(downloads, owners, layer, on: below)
            }
        case .files(let users, let files):
            return try await place.watch.time(.write) { try await write(users, files, layer, on: below) }
        case .tar(let tar):
            return try await place.watch.time(.write) {
                try await write(tar, at: image.spans["from"] ?? image.span)
            }
        case .hardening(let hardening):
            return try await place.watch.time(.write) { try await write(hardening, on: below) }
        }
    }

    private func values(of step: StepDefinition, for layer: PlannedLayer) throws -> [SecretValue] {
        if step.secrets.isEmpty { return [] }
        guard let values = secrets[layer.key] else { throw BakeError.missingIndex() }
        return values
    }

    /// A layer that commands make in a mounted root; `check` looks at its tree before it is written.
    private func run(
        _ layer: PlannedLayer,
        on below: [BakedLayer],
        _ watch: LayerStopwatch,
        expecting size: Int64? = nil,
        _ body: (BakeRoot) async throws -> Void,
        check: @escaping @Sendable (_ tree: FilePath) throws -> Void = { _ in }
    ) async throws -> WrittenLayer {
        let root = try root(of: below)
        let sealed = try await watch.time(.seal) {
            var sealed: [SealedLayer] = []
            for layer in below { sealed.append(try await bases.layer(layer)) }
            return sealed
        }
        return try await BakeRoot.with(
            sealed,
            expecting: size,
            known: knownSizes[layer.key],
            in: workspace,
            conditions: conditions
        ) { root in
            try await watch.time(.run) { try await body(root) }
        } upper: { upper, span in
            let tree = LayerTree(root: upper, below: root)
            let epochs = try await Blocking.run {
                try watch.time(.normalize) {
                    try Normalizer.normalize(tree, layer.epochs.made(in: try span.untilNow()))
                    try check(tree.root)
                }
                // What was normalized was written just now.
                return layer.epochs.made(in: try span.untilNow())
            }
            return try await watch.time(.write) {
                try await ImageStore(home: home).ingestLayer(encoding: encoding) { writer in
                    try LayerDiff.write(
                        tree: tree.root,
                        form: .overlayUpper,
                        epoch: epochs.own,
                        made: epochs.made,
                        to: &writer
                    )
                }
            }
        }
    }
}
