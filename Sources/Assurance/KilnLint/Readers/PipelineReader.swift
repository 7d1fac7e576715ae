/// GitHub's workflows and actions, GitLab's pipelines.
enum PipelineReader {
    static func github(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.github, source, root: root)
        for job in root["jobs"]?.entries ?? [] {
            if let container = job.value["container"] { take(container["image"] ?? container, &document) }
            for service in job.value["services"]?.entries ?? [] {
                if let image = service.value["image"] { take(image, &document) }
            }
            for step in job.value["steps"]?.items ?? [] { take(step: step, &document) }
        }
        for step in root.at("runs", "steps")?.items ?? [] { take(step: step, &document) }
        if let image = root.at("runs", "image"), image.text?.hasPrefix("docker://") == true {
            take(image, &document)
        }
        return document
    }

    private static func take(step: Node, _ document: inout LintDocument) {
        if let run = step["run"], let text = run.text {
            let shell = step["shell"]?.text ?? "bash"
            if shell.contains("sh"), !shell.contains("pwsh"), !shell.contains("powershell") {
                document.scripts.append(Script(.pipeline, PlacedText(text, within: run.range)))
            }
        }
        guard let use = step["uses"], let text = use.text else { return }
        if text.hasPrefix("docker://") { take(use, &document) }
        // Actions that run what they are given on another machine.
        let name = text.prefix { $0 != "@" }.lowercased()
        let isRemote = [
            "ssh-action", "scp-action", "ssh-deploy", "rsync-deployments", "ssh-scp", "sftp-deploy",
            "ftp-deploy-action", "action-ansible-playbook", "ansible-action",
        ]
        .contains { name.hasSuffix($0) }
        if isRemote {
            let words = [
                (text: "ssh", range: use.range), (text: String(name), range: use.range),
                (text: "commands", range: use.range),
            ]
            document.scripts.append(Script(.pipeline, words: words))
        }
    }

    static func take(_ node: Node, _ document: inout LintDocument) {
        guard let text = node.text, !node.isNothing, !text.isEmpty else { return }
        document.images.append(
            ImageUse(
                text: text,
                range: node.range,
                role: .job,
                unknown: KubernetesReader.placeholders(text),
                isLiteral: !text.hasPrefix("docker://")
            )
        )
    }

    // MARK: GitLab

    private static let keywords: Set<String> = [
        "variables", "stages", "include", "workflow", "cache", "pages", "spec",
    ]

    static func gitlab(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.gitlab, source, root: root)
        takeJob(root, &document)
        if let defaults = root["default"] { takeJob(defaults, &document) }
        for include in root["include"]?.itemsOrSelf ?? [] {
            // A lone text is a local file too, unless it is an address.
            guard let path = include["local"]?.text ?? include.text, !path.contains("://") else { continue }
            if let file = NamedFile(.pipeline, [path]) { document.names.append(file) }
        }
        for entry in root.entries
        where entry.value.isMap && !keywords.contains(entry.key) && entry.key != "default" {
            takeJob(entry.value, &document)
        }
        return document
    }

    private static func takeJob(_ job: Node, _ document: inout LintDocument) {
        if let image = job["image"] {
            let name = image["name"] ?? image
            if name.text != nil { take(name, &document) }
        }
        for service in job["services"]?.items ?? [] { take(service["name"] ?? service, &document) }
        for key in ["before_script", "script", "after_script"] {
            for line in job[key]?.itemsOrSelf ?? [] {
                for part in line.itemsOrSelf {
                    guard let text = part.text else { continue }
                    document.scripts.append(Script(.pipeline, PlacedText(text, within: part.range)))
                }
            }
        }
    }
}
