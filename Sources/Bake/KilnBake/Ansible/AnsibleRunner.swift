import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import OrderedCollections
import SystemPackage

/// Runs a definition's playbook against an image's root, inside the sandbox: no network, no host but the root itself.
struct AnsibleRunner: StepProgram {
    let sandbox: StepSandbox

    private static let varsFile = BakeContainer.folder + "/vars.json"
    private static let python = "/usr/bin/python3"

    func run(in root: BakeRoot, work: WorkID) async throws {
        let step = sandbox.step
        guard AnsibleHost.isThere else { throw BakeError.noAnsible(step) }
        guard Files.exists(root.path.pushing("usr/bin/python3")) else {
            throw BakeError.noPython(step, in: sandbox.image)
        }
        let staged = try await sandbox.stage(sources, in: root)
        let vars = root.bundle.appending("vars.json")
        try Files.write(try CanonicalJSON.encode(variables), to: vars, synced: false)
        let hasLocale = Files.exists(root.path.pushing("usr/lib/locale/C.utf8"))
        let container = try sandbox.container(
            AnsibleHost.command([
                "--inventory", "localhost,", "--connection", "local", "--extra-vars", "@" + Self.varsFile,
                StepSandbox.inputFolder + "/" + step.run.lexicallyNormalized().string,
            ]),
            environment: AnsibleHost.environment(hasLocale: hasLocale),
            binds: [AnsibleHost.bind, staged, .init(source: vars, target: Self.varsFile)],
            in: root
        )
        try await sandbox.run(container, in: root, work: work, code: "playbook-failed") { outcome in
            failure(outcome, staged.source)
        }
    }

    private var variables: [String: String] {
        var variables = Dictionary(uniqueKeysWithValues: sandbox.step.vars.map { ($0, $1) })
        variables["ansible_python_interpreter"] = Self.python
        return variables
    }

    /// The playbook and its inputs; an input may hold the playbook.
    private var sources: [FilePath] {
        let step = sandbox.step
        let playbook = step.run.lexicallyNormalized()
        let isGiven = step.inputs.contains { playbook.starts(with: $0.lexicallyNormalized()) }
        return (isGiven ? [] : [step.run]) + step.inputs
    }

    private func failure(_ outcome: ContainerRunner.Outcome, _ staged: FilePath) -> CommandFailure {
        let report = AnsibleReport(outcome.lastLines)
        var failure = CommandFailure(
            what: "playbook \(sandbox.step.run) of image \"\(sandbox.image)\""
                + (report.task.map { ": task \"\($0)\"" } ?? ""),
            layer: sandbox.layer,
            outcome: outcome,
            place: sandbox.step.span,
            renames: [(StepSandbox.inputFolder + "/", "")]
        )
        if let place = report.place, place.file.hasPrefix(StepSandbox.inputFolder + "/") {
            let name = String(place.file.dropFirst(StepSandbox.inputFolder.count + 1))
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
