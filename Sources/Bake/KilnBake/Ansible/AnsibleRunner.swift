import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import OrderedCollections
import SystemPackage

/// Runs a definition's playbook against an image's root, inside the sandbox: no network, no host but the root itself.
struct AnsibleRunner: StepProgram {
    let step: StepDefinition
    let image: ImageName
    /// The playbook's and the inputs' sources, by the path as written.
    let inputs: [FilePath: InputTree]
    let epoch: Int64
    let containers: ContainerRunner
    let secrets: [SecretValue]

    private static let inputFolder = BakeContainer.folder + "/inputs"
    private static let varsFile = BakeContainer.folder + "/vars.json"
    private static let python = "/usr/bin/python3"

    func run(in root: BakeRoot, work: WorkID) async throws {
        guard AnsibleHost.isThere else { throw BakeError.noAnsible(step) }
        guard Files.exists(root.path.pushing("usr/bin/python3")) else {
            throw BakeError.noPython(step, in: image)
        }
        let staged = try await stage(in: root.bundle)
        let vars = root.bundle.appending("vars.json")
        try Files.write(try CanonicalJSON.encode(variables), to: vars, synced: false)
        let hasLocale = Files.exists(root.path.pushing("usr/lib/locale/C.utf8"))
        let command = AnsibleHost.command([
            "--inventory", "localhost,", "--connection", "local", "--extra-vars", "@" + Self.varsFile,
            Self.inputFolder + "/" + step.run.lexicallyNormalized().string,
        ])
        var container = BakeContainer(
            // Both outputs on one pipe keep the order of lines.
            arguments: Files.exists(root.path.pushing("bin/sh"))
                ? ["/bin/sh", "-c", #"exec "$@" 2>&1"#, "sh"] + command : command,
            environment: AnsibleHost.environment(hasLocale: hasLocale)
                .merging(step.env.map { ($0, $1) }) { $1 },
            epoch: epoch,
            binds: [
                AnsibleHost.bind, .init(source: staged, target: Self.inputFolder),
                .init(source: vars, target: Self.varsFile),
            ]
        )
        container.secrets = try SecretMount.make(secrets, in: root.bundle)
        try await containers.run(container, root: root.path, scratch: root.bundle, work: work) { outcome in
            failure(outcome, staged).error("playbook-failed")
        }
    }

    private var variables: [String: String] {
        var variables = Dictionary(uniqueKeysWithValues: step.vars.map { ($0, $1) })
        variables["ansible_python_interpreter"] = Self.python
        return variables
    }

    /// The playbook and its inputs under their written paths, as they lie beside the definition.
    private func stage(in folder: FilePath) async throws -> FilePath {
        let staged = folder.appending("inputs")
        try Files.createDirectory(staged)
        let staging = InputStaging(epoch: epoch)
        let playbook = step.run.lexicallyNormalized()
        let others = step.inputs.map { $0.lexicallyNormalized() }
        let paths =
            others.contains(where: { playbook.starts(with: $0) }) ? step.inputs : [step.run] + step.inputs
        for path in paths {
            guard let input = inputs[path] else { throw BakeError.missingInput(path, at: step.span) }
            try await staging.copy(input, to: path.lexicallyNormalized(), in: StagingFolder(path: staged))
        }
        try staging.settle(staged)
        return staged
    }

    private func failure(_ outcome: ContainerRunner.Outcome, _ staged: FilePath) -> CommandFailure {
        let report = AnsibleReport(outcome.lastLines)
        var failure = CommandFailure(
            what: "playbook \(step.run) of image \"\(image)\""
                + (report.task.map { ": task \"\($0)\"" } ?? ""),
            layer: "\(image)/\(step.run)",
            outcome: outcome,
            place: step.span,
            renames: [(Self.inputFolder + "/", "")]
        )
        if let place = report.place, place.file.hasPrefix(Self.inputFolder + "/") {
            let name = String(place.file.dropFirst(Self.inputFolder.count + 1))
            if let text = try? Files.readText(staged.pushing(FilePath(name)), limit: 1 << 20) {
                failure.line = FailedLines.span(of: place.line, in: SourceText(name: name, text: text))
            }
        }
        if let message = report.message { failure.outcome.lastLines = message }
        if report.wantsPackages {
            failure.hint = "a playbook has no network: what it installs belongs in the image's packages:"
        }
        return failure
    }
}

extension BakeError {
    static func noAnsible(_ step: StepDefinition) -> BakeError {
        BakeError(
            Diagnostic(
                code: "bake.no-ansible",
                "\(step.run) is a playbook, and ansible is not installed on this machine",
                at: step.span,
                hint: "apt-get install ansible-core (or ansible, with its collections)"
            )
        )
    }

    static func noPython(_ step: StepDefinition, in image: ImageName) -> BakeError {
        BakeError(
            Diagnostic(
                code: "bake.no-python",
                "image \"\(image)\" has no /usr/bin/python3, with which the tasks of a playbook run",
                at: step.span,
                hint: "add packages: [python3] to it, or to an image below",
                exitStatus: .usage
            )
        )
    }
}
