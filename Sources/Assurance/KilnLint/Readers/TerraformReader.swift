import KilnDiagnostics
import KilnHCL

/// Terraform's and Packer's configuration, in HCL; `var` and `local` come from all files of the folder.
enum TerraformReader {
    static func terraform(_ source: LintSource, _ neighbours: Neighbours) -> FileReader.Outcome {
        let (file, scope) = parse(source, neighbours, suffix: ".tf")
        var nodes = HCLNodes(source, neighbours, scope)
        var document = LintDocument(.terraform, source)
        for block in file.body.blocks {
            document.statements.append(block.range)
            let node = nodes.node(block.body, at: block.range)
            guard let resource = resource(block, node) else { continue }
            document.resources.append(resource)
            TerraformFacts.take(resource, &document)
        }
        return outcome(document, file)
    }

    private static func resource(_ block: HCLBlock, _ node: Node) -> CloudResource? {
        let labels = block.labels
        let (family, type, name): (CloudResource.Family, String, String)
        switch block.type {
        case "resource", "data":
            guard labels.count == 2 else { return nil }
            (family, type, name) = (block.type == "data" ? .data : .resource, labels[0], labels[1])
        case "module": (family, type, name) = (.module, "module", labels.first ?? "")
        case "provider": (family, type, name) = (.provider, labels.first ?? "", labels.first ?? "")
        default: (family, type, name) = (.other, block.type, labels.first ?? "")
        }
        let head = block.typeRange.lowerBound..<max(block.typeRange.upperBound, headEnd(block))
        return CloudResource(
            family: family,
            type: type,
            name: name,
            body: node,
            range: head,
            extent: block.range
        )
    }

    /// Up to what stands before the opening brace.
    private static func headEnd(_ block: HCLBlock) -> Int {
        max(block.typeRange.upperBound, block.body.range.lowerBound - 2)
    }

    /// Terraform's JSON: types and names are keys.
    static func json(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.terraform, source, root: root)
        for (key, family) in [("resource", CloudResource.Family.resource), ("data", .data)] {
            for type in (root[key]?.itemsOrSelf ?? []).flatMap(\.entries) {
                for named in type.value.itemsOrSelf.flatMap(\.entries) {
                    let resource = CloudResource(
                        family: family,
                        type: type.key,
                        name: named.key,
                        body: named.value.items.first ?? named.value,
                        range: named.keyRange,
                        extent: named.keyRange
                            .lowerBound..<max(named.keyRange.upperBound, named.value.range.upperBound)
                    )
                    document.resources.append(resource)
                    TerraformFacts.take(resource, &document)
                }
            }
        }
        for module in (root["module"]?.itemsOrSelf ?? []).flatMap(\.entries) {
            document.resources.append(
                CloudResource(
                    family: .module,
                    type: "module",
                    name: module.key,
                    body: module.value,
                    range: module.keyRange,
                    extent: module.value.range
                )
            )
        }
        return document
    }

    // MARK: Packer

    static func packer(_ source: LintSource, _ neighbours: Neighbours) -> FileReader.Outcome {
        let (file, scope) = parse(source, neighbours, suffix: ".pkr.hcl")
        var nodes = HCLNodes(source, neighbours, scope)
        var document = LintDocument(.packer, source)
        var provisioners: [Node] = []
        var processors: [Node] = []
        document.statements = file.body.blocks.map(\.range)
        for block in file.body.blocks where block.type == "source" && block.labels.count == 2 {
            document.resources.append(builder(block, &nodes))
        }
        let builds = file.body.blocks.filter { $0.type == "build" }
        for inner in builds.flatMap(\.body.blocks) {
            switch inner.type {
            case "provisioner": provisioners.append(typed(inner, &nodes))
            case "post-processor": processors.append(typed(inner, &nodes))
            case "post-processors": processors += inner.body.blocks.map { typed($0, &nodes) }
            default: break
            }
        }
        let place = builds.first?.typeRange ?? 0..<0
        let lists = [("provisioners", provisioners), ("post-processors", processors)]
        let entries = lists.map { key, nodes in
            Node.Entry(key: key, keyRange: place, value: Node(.list(nodes), at: 0..<0))
        }
        document.root = Node(.map(entries), at: place)
        PackerReader.take(provisioners: provisioners.map { ($0["type"]?.text ?? "", $0) }, &document)
        return outcome(document, file)
    }

    private static func builder(_ block: HCLBlock, _ nodes: inout HCLNodes) -> CloudResource {
        CloudResource(
            family: .builder,
            type: block.labels[0],
            name: block.labels[1],
            body: nodes.node(block.body, at: block.range),
            range: block.typeRange.lowerBound..<max(block.typeRange.upperBound, headEnd(block)),
            extent: block.range
        )
    }

    /// A block with its label as `type`, as the JSON form has it.
    private static func typed(_ block: HCLBlock, _ nodes: inout HCLNodes) -> Node {
        let body = nodes.node(block.body, at: block.range)
        let type = Node.Entry(
            key: "type",
            keyRange: block.typeRange,
            value: Node(.scalar(block.labels.first ?? ""), at: block.typeRange)
        )
        return Node(.map([type] + body.entries), at: block.range)
    }

    // MARK: Files

    private static func parse(
        _ source: LintSource,
        _ neighbours: Neighbours,
        suffix: String
    ) -> (file: HCLFile, scope: HCLScope) {
        var limits = HCLParser.Limits()
        limits.bytes = 4 << 20
        let file = HCLParser.parse(HCLSource(name: source.name, bytes: source.bytes), limits: limits)
        var bodies = [file.body]
        for name in neighbours.names.prefix(200) where name.hasSuffix(suffix) && name != source.fileName {
            guard let bytes = neighbours.text(name), bytes.count < 1 << 20 else { continue }
            bodies.append(HCLParser.parse(HCLSource(name: name, bytes: bytes), limits: limits).body)
        }
        return (file, HCLNodes.scope(of: bodies))
    }

    private static func outcome(_ document: LintDocument, _ file: HCLFile) -> FileReader.Outcome {
        var outcome = FileReader.Outcome(documents: [document])
        outcome.problems = file.diagnostics.map { found in
            var found = found
            found.hint = found.hint ?? "what cannot be read was not looked at"
            return found
        }
        return outcome
    }
}

/// What a Terraform resource states about images, scripts and containers.
enum TerraformFacts {
    private static let bootKeys: Set<String> = [
        "user_data", "user_data_base64", "custom_data", "startup_script", "metadata_startup_script",
        "startup-script",
        "user-data", "startup-script-url", "user_data_replace", "cloud_init", "init_script",
    ]

    static func take(_ resource: CloudResource, _ document: inout LintDocument) {
        guard resource.family == .resource || resource.family == .data else { return }
        takeBoot(resource.body, &document, depth: 0)
        if resource.type.hasSuffix("cloudinit_config") {
            for part in resource.body["part"]?.itemsOrSelf ?? [] {
                if let content = part["content"] { takeScript(content, &document) }
            }
        }
        if resource.type == "template_file", let text = resource.body["template"] {
            takeScript(text, &document)
        }
        if resource.type == "aws_ecs_task_definition" { ECSReader.take(resource.body, &document) }
        takeImages(resource, &document)
        for provisioner in Provisioner.all(of: resource.body) where provisioner.type == "local-exec" {
            guard let command = provisioner.body["command"], let text = command.text else { continue }
            let placed =
                command.isElsewhere
                ? PlacedText(text, namedAt: command.range) : PlacedText(text, within: command.range)
            document.scripts.append(Script(.local, placed))
        }
    }

    private static func takeBoot(_ node: Node, _ document: inout LintDocument, depth: Int) {
        guard depth < 8 else { return }
        for entry in node.entries {
            if bootKeys.contains(entry.key) { takeScript(entry.value, &document) }
            guard entry.key != "provisioner" else { continue }
            for item in entry.value.itemsOrSelf where item.isMap {
                takeBoot(item, &document, depth: depth + 1)
            }
        }
    }

    private static func takeScript(_ node: Node, _ document: inout LintDocument) {
        guard let text = node.text, !text.isEmpty else { return }
        if node.isUnknown, node.style == .plain { return }
        document.scripts += CloudInitReader.scripts(
            text,
            within: node.range,
            in: document.source,
            isElsewhere: node.isElsewhere
        )
    }

    private static let imageKeys: Set<String> = [
        "image", "image_uri", "image_identifier", "docker_image_name",
    ]

    private static func takeImages(_ resource: CloudResource, _ document: inout LintDocument) {
        let types = [
            "kubernetes_", "google_cloud_run", "azurerm_container", "docker_", "aws_lambda_function",
            "aws_apprunner",
            "azurerm_linux_web_app", "nomad_",
        ]
        guard resource.family == .resource, types.contains(where: resource.type.hasPrefix) else { return }
        if resource.type == "docker_image" {
            if let name = resource.body["name"], resource.body["build"] == nil {
                CloudImages.take(name, &document)
            }
            return
        }
        resource.body.visit { node in
            for entry in node.entries where imageKeys.contains(entry.key) && entry.value.text != nil {
                let text = entry.value.text ?? ""
                // The image is a resource of its own, and judged there.
                let isOwn =
                    entry.value.isUnknown && (text.hasPrefix("docker_image.") || text.contains("repo_digest"))
                if !isOwn, !text.isEmpty { CloudImages.take(entry.value, &document) }
            }
        }
    }
}
