/// Machine images as Packer makes them.
enum PackerRules {
    static let all = [floatingSource, sharedIdentity, noProvenance, overwrittenImage]

    static let floatingSource = LintRule(
        "IL050",
        "The machine image starts from whatever is newest",
        why: "The same template gives another image tomorrow, from a base that nobody has looked at.",
        remedy: "Name the source image by its id, an ISO with its checksum.",
        .warning,
        .all,
        on: [.packer]
    ) { document, sink in
        for builder in document.resources where builder.family == .builder {
            for filter in builder.body["source_ami_filter"]?.itemsOrSelf ?? [] {
                guard let newest = filter.entry("most_recent"), newest.value.bool == true else { continue }
                sink.report(
                    newest.keyRange,
                    "\(builder.name) starts from the newest image that meets the filter"
                )
            }
            if let family = builder.body.entry("source_image_family") {
                sink.report(family.keyRange, "a family is whatever image of it is newest")
            }
            if let version = builder.body["image_version"], version.text == "latest" {
                sink.report(version.range, "the version latest is whatever is newest")
            }
            guard let iso = builder.body.entry("iso_url") ?? builder.body.entry("iso_urls") else { continue }
            let sum = builder.body["iso_checksum"]
            if sum == nil || sum?.text == "none" || sum?.text?.isEmpty == true {
                sink.report((sum?.range ?? iso.keyRange), "the ISO has no checksum")
            }
        }
        dockerImages(document, &sink)
    }

    private static func dockerImages(_ document: LintDocument, _ sink: inout FindingSink) {
        for builder in document.resources where builder.family == .builder && builder.type == "docker" {
            guard let image = builder.body["image"], let text = image.text, !image.isUnknown else { continue }
            if !ImageName(text).isPinned { sink.report(image.range, "\(text) is not pinned to a digest") }
        }
    }

    static let sharedIdentity = LintRule(
        "IL051",
        "What makes a machine itself stays in its image",
        why:
            "All instances then share host keys and a machine-id: one can pass for another, and logs cannot tell "
            + "them apart. What was typed and logged while baking is shipped with it.",
        remedy:
            "End with a step that removes /etc/ssh/ssh_host_*, empties /etc/machine-id, runs `cloud-init clean`, "
            + "and deletes authorized_keys, logs and shell history.",
        .warning,
        .all,
        on: [.packer]
    ) { document, sink in
        let isMachine = document.resources.contains {
            $0.family == .builder && !["docker", "null", "file"].contains($0.type)
        }
        let list = document.root.entry("provisioners")
        let place = list?.keyRange ?? document.resources.first?.range ?? 0..<1
        guard isMachine, document.root["provisioners"]?.items.isEmpty == false || !document.scripts.isEmpty
        else { return }
        // What is not here may do it; only what can be read can be judged.
        let provisioners = document.root["provisioners"]?.items ?? []
        let external =
            document.isMissingScripts
            || provisioners.contains {
                ["ansible", "ansible-local", "chef-client", "puppet-masterless"].contains($0["type"]?.text)
            }
        let text = (document.scripts + document.called).map { String(decoding: $0.text.bytes, as: UTF8.self) }
            .joined(
                separator: "\n"
            )
        guard !external || text.contains("machine-id") else { return }
        let parts: [(String, Bool)] = [
            ("SSH host keys", text.contains("ssh_host_") || text.contains("virt-sysprep")),
            ("the machine-id", text.contains("machine-id") || text.contains("virt-sysprep")),
            ("cloud-init's state", text.contains("cloud-init clean") || text.contains("/var/lib/cloud")),
            ("authorized_keys", text.contains("authorized_keys")),
            ("logs", text.contains("/var/log")),
            ("shell history", text.contains("_history") || text.contains("history -c")),
        ]
        let left = parts.filter { !$0.1 }.map(\.0)
        if !left.isEmpty { sink.report(place, "nothing removes \(left.joined(separator: ", "))") }
    }

    static let noProvenance = LintRule(
        "IL052",
        "An image is made that nobody can trace or has tested",
        why:
            "Without a manifest, a test and a name with a version nobody can say what an instance runs and where it "
            + "came from.",
        remedy:
            "Add a `manifest` or `checksum` post-processor, a test step (goss, inspec, a scan), and put a version "
            + "or commit into the image's name.",
        .warning,
        .all,
        on: [.packer]
    ) { document, sink in
        guard let first = document.resources.first(where: { $0.family == .builder }) else { return }
        let place = document.root.entry("provisioners")?.keyRange ?? first.range
        let processors = (document.root["post-processors"]?.items ?? []).flatMap(\.itemsOrSelf)
        let types = processors.map { $0["type"]?.text ?? $0.text ?? "" }
        if !types.contains(where: traces.contains) {
            sink.report(place, "no manifest or checksum is written")
        }
        if !isTested(document, processors) { sink.report(place, "no step tests or scans the image") }
        for builder in document.resources where builder.family == .builder {
            guard
                let name = builder.body.any(
                    "ami_name",
                    "image_name",
                    "managed_image_name",
                    "vm_name",
                    "snapshot_name"
                ),
                let text = name.text
            else { continue }
            let isVersioned =
                name.isUnknown || text.contains("{{") || text.contains("${")
                || text.contains(where: \.isNumber)
            if !isVersioned { sink.report(name.range, "\(text) names no version") }
        }
    }

    private static let traces: Set<String> = [
        "manifest", "checksum", "hcp_packer_registry", "artifice", "docker-push", "docker-tag",
    ]

    private static let tests: Set<String> = [
        "goss", "inspec", "trivy", "grype", "serverspec", "testinfra", "oscap", "lynis", "kiln", "pytest",
        "dgoss",
    ]

    private static func isTested(_ document: LintDocument, _ processors: [Node]) -> Bool {
        let steps = (document.root["provisioners"]?.items ?? []) + processors
        let isStep = steps.contains { step in
            if tests.contains(step["type"]?.text ?? "") { return true }
            let lines =
                (step["inline"]?.itemsOrSelf ?? []) + [step["script"], step["command"]].compactMap { $0 }
                + (step["scripts"]?.items ?? [])
            return lines.compactMap(\.text).contains { line in
                tests.contains { line.contains($0) } || line.contains("test")
            }
        }
        return isStep
            || document.called.contains { script in
                script.commands.contains { tests.contains($0.program) }
            }
    }

    static let overwrittenImage = LintRule(
        "IL053",
        "A released image is overwritten",
        why:
            "What ran yesterday under this name cannot be brought back, and a rollback starts something else.",
        remedy: "Take `force_deregister` and its like out, and give each image a name of its own.",
        .error,
        .all,
        on: [.packer]
    ) { document, sink in
        let flags = ["force_deregister", "force_delete_snapshot", "force", "overwrite", "image_force_delete"]
        for builder in document.resources where builder.family == .builder {
            for flag in flags {
                guard let entry = builder.body.entry(flag), entry.value.bool == true else { continue }
                sink.report(entry.keyRange, "\(flag) deletes the image of this name that is there")
            }
        }
    }
}
