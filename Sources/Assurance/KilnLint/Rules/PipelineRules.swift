/// What a pipeline publishes.
enum PipelineRules {
    static let all = [unguardedPublish]

    static let unguardedPublish = LintRule(
        "IL060",
        "A pipeline publishes an image unexamined, or runs what can be moved",
        why:
            "What is pushed is what will run. Without a scan before it, a bill of materials and a signature nobody "
            + "can say later what was let out; and an action named by a tag may be another one tomorrow.",
        remedy:
            "Scan before the push and stop on findings, attach an SBOM, sign by digest; name actions by the full "
            + "commit.",
        .warning,
        .core,
        on: [.github, .gitlab]
    ) { document, sink in
        if document.kind == .github { actions(document, &sink) } else { includes(document, &sink) }
        for job in PipelineJob.all(of: document) { job.report(&sink) }
    }

    private static func actions(_ document: LintDocument, _ sink: inout FindingSink) {
        for use in PipelineJob.uses(of: document.root) {
            guard let text = use.text, !text.hasPrefix("./"), !text.hasPrefix("docker://"),
                !text.hasPrefix("../")
            else { continue }
            let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                sink.report(use.range, "\(text) names no commit")
                continue
            }
            let isCommit = parts[1].count == 40 && parts[1].allSatisfy(\.isHexDigit)
            if !isCommit { sink.report(use.range, "\(parts[0]) is named by \(parts[1]), which can be moved") }
        }
    }

    private static func includes(_ document: LintDocument, _ sink: inout FindingSink) {
        for include in document.root["include"]?.itemsOrSelf ?? [] {
            if let remote = include["remote"], remote.text?.hasPrefix("http") == true,
                include["integrity"] == nil
            {
                sink.report(remote.range, "what is included from there may be another text tomorrow")
            }
            guard let project = include["project"] else { continue }
            let ref = include["ref"]?.text ?? ""
            let isCommit = ref.count == 40 && ref.allSatisfy(\.isHexDigit)
            if !isCommit {
                sink.report((include["ref"] ?? project).range, "the included project is named by no commit")
            }
        }
    }
}

/// A job's steps as far as publishing is concerned.
struct PipelineJob {
    private enum Act {
        case push(Range<Int>, String)
        case scan
        case bill
        case sign
    }

    private var acts: [Act] = []

    /// Jobs in the order of the file. Those that a publishing job needs count as before it: jobs are joined in file order.
    static func all(of document: LintDocument) -> [PipelineJob] {
        var job = PipelineJob()
        if document.kind == .github {
            for entry in document.root["jobs"]?.entries ?? [] {
                for step in entry.value["steps"]?.items ?? [] { job.take(step: step, document) }
                if let use = entry.value["uses"] {
                    job.takeAction(use.text ?? "", with: entry.value["with"], at: use.range)
                }
            }
            for step in document.root.at("runs", "steps")?.items ?? [] { job.take(step: step, document) }
        } else {
            job.takeScripts(document.scripts, document)
            for entry in document.root.entries {
                let image = entry.value["image"]?["name"]?.text ?? entry.value["image"]?.text ?? ""
                if ["trivy", "grype", "snyk"].contains(where: image.contains) {
                    job.acts.insert(.scan, at: 0)
                }
                let included = document.root["include"]?.itemsOrSelf.compactMap { $0["template"]?.text } ?? []
                if included.contains(where: { $0.contains("Container-Scanning") }) {
                    job.acts.insert(.scan, at: 0)
                }
            }
        }
        return [job]
    }

    static func uses(of root: Node) -> [Node] {
        var found: [Node] = []
        for job in root["jobs"]?.entries ?? [] {
            if let use = job.value["uses"] { found.append(use) }
            found += (job.value["steps"]?.items ?? []).compactMap { $0["uses"] }
        }
        return found + (root.at("runs", "steps")?.items ?? []).compactMap { $0["uses"] }
    }

    private mutating func take(step: Node, _ document: LintDocument) {
        if let use = step["uses"] { takeAction(use.text ?? "", with: step["with"], at: use.range) }
        if let run = step["run"] {
            takeScripts(document.scripts.filter { run.range.overlaps($0.text.range) }, document)
        }
    }

    private mutating func takeAction(_ use: String, with: Node?, at range: Range<Int>) {
        let name = use.prefix { $0 != "@" }.lowercased()
        if name.hasSuffix("/build-push-action") || name.hasSuffix("/bake-action") {
            if with?["sbom"]?.text != nil, with?["sbom"]?.bool != false { acts.append(.bill) }
            let output = with?["outputs"]?.text ?? ""
            if with?["push"]?.bool == true || output.contains("push=true") || output.contains("type=registry")
            {
                acts.append(.push(range, String(name)))
            }
        } else if name.hasSuffix("/kaniko-action") || name == "redhat-actions/push-to-registry" {
            acts.append(.push(range, String(name)))
        }
        let scans = ["trivy", "grype", "snyk", "anchore/scan", "docker/scout", "clair", "sysdig", "prisma"]
        if scans.contains(where: name.contains) { acts.append(.scan) }
        if name.contains("sbom") || name.contains("syft") { acts.append(.bill) }
        if name.contains("attest") || name.contains("sign") || name.contains("slsa") { acts.append(.sign) }
    }

    private mutating func takeScripts(_ scripts: [Script], _ document: LintDocument) {
        for script in scripts {
            for command in script.commands { take(command, script, document) }
        }
    }

    private mutating func take(_ command: ShellCommand, _ script: Script, _ document: LintDocument) {
        let words = command.operands().map(\.text)
        func push() { acts.append(.push(script.place(of: command, in: document.source), command.program)) }
        switch command.program {
        case "docker", "podman", "buildah", "nerdctl":
            let isBuild = words.contains("build") || words.contains("bake") || words.contains("buildx")
            if words.first == "push" || (words.first == "image" && words.dropFirst().first == "push")
                || (words.first == "compose" && words.contains("push"))
                || (words.first == "manifest" && words.dropFirst().first == "push")
                || (isBuild && command.hasOption("--push"))
            {
                push()
            }
            if words.first == "scout" { acts.append(.scan) }
            if words.first == "sbom" || command.arguments.contains(where: { $0.hasPrefix("--sbom") }) {
                acts.append(.bill)
            }
        case "skopeo" where words.first == "copy" && (words.last?.hasPrefix("docker://") ?? false),
            "crane" where words.first == "push" || words.first == "copy",
            "ko" where words.first == "build" || words.first == "publish":
            push()
        case "executor" where command.hasOption("--destination") || command.arguments.contains("-d"): push()
        case "kiln":
            if words.first == "image", words.contains("push") { push() }
            if words.first == "scan" { acts.append(.scan) }
            if words.first == "sbom" { acts.append(.bill) }
            if words.first == "image", words.contains("sign") { acts.append(.sign) }
        case "trivy":
            acts.append(
                command.option("--format", "-f").map { $0.contains("cyclonedx") || $0.contains("spdx") }
                    == true ? .bill : .scan
            )
        case "grype", "snyk", "clair-scanner", "anchore-cli", "grype-scan", "neuvector": acts.append(.scan)
        case "syft": acts.append(.bill)
        case "cosign":
            if words.first == "sign" || words.first == "attest" { acts.append(.sign) }
            if words.first == "attest" || words.first == "attach" { acts.append(.bill) }
        case "notation" where words.first == "sign": acts.append(.sign)
        default: break
        }
    }

    func report(_ sink: inout FindingSink) {
        var scanned = false
        let hasBill = acts.contains { if case .bill = $0 { true } else { false } }
        let isSigned = acts.contains { if case .sign = $0 { true } else { false } }
        for act in acts {
            switch act {
            case .scan: scanned = true
            case .bill, .sign: break
            case .push(let range, let name):
                var missing: [String] = []
                if !scanned { missing.append("no scan before it") }
                if !hasBill { missing.append("no SBOM") }
                if !isSigned { missing.append("no signature") }
                guard !missing.isEmpty else { continue }
                sink.report(range, "\(name) publishes an image: \(missing.joined(separator: ", "))")
            }
        }
    }
}
