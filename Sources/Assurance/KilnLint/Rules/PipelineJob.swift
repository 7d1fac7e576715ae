/// A pipeline's steps as far as publishing is concerned.
struct PipelineJob {
    private struct Step {
        let act: PublishingAct
        let range: Range<Int>
        let name: String
    }

    private var steps: [Step] = []

    /// Jobs in the order in which they run: GitHub's in that of the file, since those that a publishing job needs stand before it.
    init(_ document: LintDocument) {
        if document.kind == .github { takeWorkflow(document) } else { takePipeline(document) }
    }

    private mutating func takeWorkflow(_ document: LintDocument) {
        for entry in document.root["jobs"]?.entries ?? [] {
            for step in entry.value["steps"]?.items ?? [] { take(step: step, document) }
            if let use = entry.value["uses"] {
                takeAction(use.text ?? "", with: entry.value["with"], at: use.range)
            }
        }
        for step in document.root.at("runs", "steps")?.items ?? [] { take(step: step, document) }
    }

    static func uses(of root: Node) -> [Node] {
        var found: [Node] = []
        for job in root["jobs"]?.entries ?? [] {
            if let use = job.value["uses"] { found.append(use) }
            found += (job.value["steps"]?.items ?? []).compactMap { $0["uses"] }
        }
        return found + (root.at("runs", "steps")?.items ?? []).compactMap { $0["uses"] }
    }

    // MARK: GitLab

    private mutating func takePipeline(_ document: LintDocument) {
        let parts =
            document.parts.isEmpty
            ? [PipelinePart(root: document.root, source: document.source)] : document.parts
        let includes = parts.flatMap { $0.root["include"]?.itemsOrSelf ?? [] }
        if includes.contains(where: { $0["template"]?.text?.contains("Container-Scanning") == true }) {
            add(.scan)
        }
        for job in GitLabPipeline(parts).jobs {
            if ["trivy", "grype", "snyk"].contains(where: job.image.contains) { add(.scan) }
            for (script, source) in job.scripts {
                take(script, source, isHere: source.name == document.source.name)
            }
        }
    }

    // MARK: GitHub

    private mutating func take(step: Node, _ document: LintDocument) {
        if let use = step["uses"] { takeAction(use.text ?? "", with: step["with"], at: use.range) }
        guard let run = step["run"] else { return }
        for script in document.scripts where run.range.overlaps(script.text.range) {
            take(script, document.source, isHere: true)
        }
    }

    private mutating func takeAction(_ use: String, with: Node?, at range: Range<Int>) {
        let name = use.prefix { $0 != "@" }.lowercased()
        if name.hasSuffix("/build-push-action") || name.hasSuffix("/bake-action") {
            if with?["sbom"]?.text != nil, with?["sbom"]?.bool != false { add(.bill) }
            let output = with?["outputs"]?.text ?? ""
            if with?["push"]?.bool == true || output.contains("push=true") || output.contains("type=registry")
            {
                add(.push, range, name)
            }
        } else if name.hasSuffix("/kaniko-action") || name == "redhat-actions/push-to-registry" {
            add(.push, range, name)
        }
        let scans = ["trivy", "grype", "snyk", "anchore/scan", "docker/scout", "clair", "sysdig", "prisma"]
        if scans.contains(where: name.contains) { add(.scan) }
        if name.contains("sbom") || name.contains("syft") { add(.bill) }
        if name.contains("attest") || name.contains("sign") || name.contains("slsa") { add(.sign) }
    }

    // MARK: Scripts

    /// A push is told in the file that it stands in.
    private mutating func take(_ script: Script, _ source: LintSource, isHere: Bool) {
        for command in script.commands {
            for act in PublishingAct.all(of: command) where act != .push || isHere {
                add(act, script.place(of: command, in: source), command.program)
            }
        }
    }

    private mutating func add(_ act: PublishingAct, _ range: Range<Int> = 0..<0, _ name: String = "") {
        steps.append(Step(act: act, range: range, name: name))
    }

    func report(_ sink: inout FindingSink) {
        var isScanned = false
        let hasBill = steps.contains { $0.act == .bill }
        let isSigned = steps.contains { $0.act == .sign }
        // What several jobs take from one template is told once.
        var told: Set<Range<Int>> = []
        for step in steps {
            if step.act == .scan { isScanned = true }
            guard step.act == .push else { continue }
            var missing: [String] = []
            if !isScanned { missing.append("no scan before it") }
            if !hasBill { missing.append("no SBOM") }
            if !isSigned { missing.append("no signature") }
            guard !missing.isEmpty, told.insert(step.range).inserted else { continue }
            sink.report(step.range, "\(step.name) publishes an image: \(missing.joined(separator: ", "))")
        }
    }
}

/// What a command does about an image that is to be published.
enum PublishingAct: Hashable {
    case push
    case scan
    case bill
    case sign

    private static let scanners: Set<String> = [
        "grype", "snyk", "clair-scanner", "anchore-cli", "grype-scan", "neuvector",
    ]

    static func all(of command: ShellCommand) -> [PublishingAct] {
        let words = command.operands().map(\.text)
        switch command.program {
        case "docker", "podman", "buildah", "nerdctl": return engine(command, words)
        case "skopeo" where words.first == "copy" && (words.last?.hasPrefix("docker://") ?? false),
            "crane" where words.first == "push" || words.first == "copy",
            "ko" where words.first == "build" || words.first == "publish":
            return [.push]
        case "executor" where command.hasOption("--destination") || command.arguments.contains("-d"):
            return [.push]
        case "kiln": return kiln(words)
        case "trivy":
            let format = command.option("--format", "-f") ?? ""
            return [format.contains("cyclonedx") || format.contains("spdx") ? .bill : .scan]
        case "syft": return [.bill]
        case "cosign":
            let isAttested = words.first == "attest"
            return (words.first == "sign" || isAttested ? [.sign] : [])
                + (isAttested || words.first == "attach" ? [.bill] : [])
        case "notation" where words.first == "sign": return [.sign]
        case let program: return scanners.contains(program) ? [.scan] : []
        }
    }

    private static func engine(_ command: ShellCommand, _ words: [String]) -> [PublishingAct] {
        let second = words.dropFirst().first
        let isBuild = words.contains("build") || words.contains("bake") || words.contains("buildx")
        var acts: [PublishingAct] = []
        if words.first == "push" || (words.first == "image" && second == "push")
            || (words.first == "compose" && words.contains("push"))
            || (words.first == "manifest" && second == "push") || (isBuild && command.hasOption("--push"))
        {
            acts.append(.push)
        }
        if words.first == "scout" { acts.append(.scan) }
        if words.first == "sbom" || command.arguments.contains(where: { $0.hasPrefix("--sbom") }) {
            acts.append(.bill)
        }
        return acts
    }

    private static func kiln(_ words: [String]) -> [PublishingAct] {
        switch words.first {
        case "scan": [.scan]
        case "sbom": [.bill]
        case "image" where words.contains("push"): [.push]
        case "image" where words.contains("sign"): [.sign]
        default: []
        }
    }
}
