/// Container definitions of ECS, in the spelling of its API, of Terraform or of CloudFormation.
enum ECSReader {
    /// A task definition as a file of its own.
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.ecs, source, root: root)
        take(root, &document)
        return document
    }

    /// The definitions below a task; `root` has them under any of their names.
    static func take(_ task: Node, _ document: inout LintDocument) {
        let list = task.any("containerDefinitions", "ContainerDefinitions", "container_definitions")
        let volumes = task.any("volumes", "Volumes", "volume")?.itemsOrSelf ?? []
        for node in list?.items ?? [] where node.isMap { take(container: node, volumes, &document) }
    }

    private static func take(container node: Node, _ volumes: [Node], _ document: inout LintDocument) {
        let name = node.any("name", "Name")
        let label = name.flatMap { $0.tag == nil ? $0.text : nil } ?? "the container"
        var container = Container(name: label, range: name?.range ?? node.range, node: node)
        container.image = node.any("image", "Image")?.text
        let readOnly = node.any("readonlyRootFilesystem", "ReadonlyRootFilesystem")
        container.isReadOnly = readOnly.map { $0.bool } ?? false
        container.isPrivileged = node.any("privileged", "Privileged")?.bool == true
        container.variables = (node.any("environment", "Environment")?.items ?? []).compactMap { variable in
            guard let name = variable.any("name", "Name")?.text else { return nil }
            let value = variable.any("value", "Value")
            let isKnown = value.map { !$0.isUnknown && $0.tag == nil } ?? false
            return .init(
                name: name,
                value: isKnown ? value?.text : nil,
                range: value?.range ?? variable.range
            )
        }
        container.mounts = (node.any("mountPoints", "MountPoints")?.items ?? []).compactMap { mount in
            guard let source = mount.any("sourceVolume", "SourceVolume")?.text,
                let target = mount.any("containerPath", "ContainerPath")
            else { return nil }
            let volume = volumes.first { $0.any("name", "Name")?.text == source }
            let host = (volume?.any("host", "Host")?.any("sourcePath", "SourcePath") ?? volume?["host_path"])?
                .text
            return .init(
                target: target.text ?? "",
                origin: host.map { .host($0) } ?? .volume(source),
                isReadOnly: mount.any("readOnly", "ReadOnly")?.bool == true,
                range: target.range
            )
        }
        document.containers.append(container)
        if let image = node.any("image", "Image") { CloudImages.take(image, &document) }
        let words =
            (node.any("entryPoint", "EntryPoint")?.items ?? [])
            + (node.any("command", "Command")?.items ?? [])
        if !words.isEmpty { document.scripts.append(KubernetesReader.script(words, .start)) }
    }
}

/// Images that templates of clouds name.
enum CloudImages {
    static func take(_ node: Node, _ document: inout LintDocument) {
        guard let text = node.text, !text.isEmpty else {
            if node.isMap {
                document.images.append(
                    ImageUse(
                        text: "the image",
                        range: node.range,
                        role: .container,
                        unknown: [intrinsic(node)]
                    )
                )
            }
            return
        }
        var unknown = KubernetesReader.placeholders(text)
        if node.isUnknown, unknown.isEmpty { unknown = [text] }
        if let tag = node.tag, tag != "!Sub" || !unknown.isEmpty { unknown = ["\(tag) \(text)"] }
        // A digest fixes the image, whatever the registry in front of it is called.
        if !unknown.isEmpty, ImageName(text).isPinned { unknown = [] }
        document.images.append(
            ImageUse(
                text: text,
                range: node.range,
                role: .container,
                unknown: unknown,
                isLiteral: !node.isUnknown && node.tag == nil
            )
        )
    }

    private static func intrinsic(_ node: Node) -> String {
        guard let entry = node.entries.first else { return "a value" }
        return "\(entry.key) \(entry.value.text ?? "…")"
    }
}
