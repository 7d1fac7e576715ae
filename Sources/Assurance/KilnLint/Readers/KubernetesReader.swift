/// Kubernetes objects: one of each document, or the items of a list.
struct KubernetesReader {
    private let source: LintSource

    static func read(_ root: Node, _ source: LintSource) -> [LintDocument] {
        if root["kind"]?.text?.hasSuffix("List") == true, let items = root["items"], items.isList {
            return items.items.flatMap { read($0, source) }
        }
        return [KubernetesReader(source: source).document(root)]
    }

    /// The pod that an object makes: `spec`, or below a template.
    static func podSpec(_ root: Node) -> Node? {
        switch root["kind"]?.text {
        case "Pod": return root["spec"]
        case "CronJob": return root.at("spec", "jobTemplate", "spec", "template", "spec")
        case "PodTemplate": return root.at("template", "spec")
        case nil: return nil
        default:
            let spec = root.at("spec", "template", "spec")
            return spec?["containers"] == nil ? nil : spec
        }
    }

    private func document(_ root: Node) -> LintDocument {
        var document = LintDocument(.kubernetes, source, root: root)
        guard let pod = Self.podSpec(root) else { return document }
        let volumes = pod["volumes"]?.items ?? []
        for (key, isInit) in [
            ("initContainers", true), ("containers", false), ("ephemeralContainers", false),
        ] {
            for node in pod[key]?.items ?? [] {
                let container = container(node, volumes, isInit: isInit)
                document.containers.append(container)
                take(node, isInit: isInit, &document)
            }
        }
        return document
    }

    private func take(_ node: Node, isInit: Bool, _ document: inout LintDocument) {
        if let image = node["image"], let text = image.text, !image.isNothing {
            document.images.append(
                ImageUse(
                    text: text,
                    range: image.range,
                    role: .container,
                    unknown: Self.placeholders(text),
                    isLiteral: image.style == .plain || image.style == .quoted
                )
            )
        }
        // Init containers prepare volumes before anything serves; what they do to them is their purpose.
        let words = (node["command"]?.itemsOrSelf ?? []) + (node["args"]?.itemsOrSelf ?? [])
        if !isInit, !words.isEmpty { document.scripts.append(Self.script(words, .start)) }
        for hook in ["postStart", "preStop"] {
            let command = node.at("lifecycle", hook, "exec", "command")?.items ?? []
            if hook == "postStart", !command.isEmpty { document.scripts.append(Self.script(command, .start)) }
        }
    }

    /// Words of a command; the script of `sh -c` keeps the places of its own lines.
    static func script(_ words: [Node], _ phase: Script.Phase) -> Script {
        let texts = words.compactMap(\.text)
        if texts.count >= 3, texts.count == words.count, texts[1].hasPrefix("-"), texts[1].hasSuffix("c"),
            ShellNesting.isShell(ImageName(texts[0]).short)
        {
            return Script(phase, PlacedText(texts[2], within: words[2].range))
        }
        return Script(phase, words: words.compactMap { node in node.text.map { ($0, node.range) } })
    }

    /// Names that a template or a deployment puts in: `${TAG}`, `{{ .Values.tag }}`, `$(TAG)`, `$TAG`.
    static func placeholders(_ text: String) -> [String] {
        if text.contains("{{") || text.contains("<%") { return [text] }
        guard let dollar = text.firstIndex(of: "$") else { return [] }
        return [String(text[dollar...])]
    }

    private func container(_ node: Node, _ volumes: [Node], isInit: Bool) -> Container {
        let name = node["name"]?.text ?? "the container"
        var container = Container(name: name, range: node["name"]?.range ?? node.range, node: node)
        container.isInit = isInit
        container.image = node["image"]?.text
        let security = node["securityContext"]
        let readOnly = security?["readOnlyRootFilesystem"]
        container.isReadOnly = readOnly.map { $0.bool } ?? false
        container.isPrivileged = security?["privileged"]?.bool == true
        container.variables = (node["env"]?.items ?? []).compactMap { variable in
            guard let name = variable["name"]?.text else { return nil }
            let value = variable["value"]
            return Container.Variable(name: name, value: value?.text, range: value?.range ?? variable.range)
        }
        container.ports = (node["ports"]?.items ?? []).compactMap { port in
            guard let value = port["containerPort"], let number = value.text.flatMap({ Int($0) }) else {
                return nil
            }
            return (number, value.range)
        }
        container.mounts = (node["volumeMounts"]?.items ?? []).compactMap { mount in
            guard let name = mount["name"]?.text, let target = mount["mountPath"]?.text else { return nil }
            let volume = volumes.first { $0["name"]?.text == name }
            return Container.Mount(
                target: target,
                origin: origin(volume),
                isReadOnly: mount["readOnly"]?.bool == true,
                range: mount["mountPath"]?.range ?? mount.range
            )
        }
        return container
    }

    private func origin(_ volume: Node?) -> Container.Mount.Origin {
        guard let volume else { return .unknown }
        if let host = volume["hostPath"] { return .host(host["path"]?.text ?? "") }
        if let empty = volume.entry("emptyDir")?.value {
            return .scratch(isBounded: empty["sizeLimit"].map { !$0.isNothing } ?? false)
        }
        if let claim = volume["persistentVolumeClaim"] { return .volume(claim["claimName"]?.text ?? "") }
        let configuration = ["configMap", "secret", "projected", "downwardAPI"]
        if volume.entries.contains(where: { configuration.contains($0.key) }) { return .configuration }
        return .volume(volume["name"]?.text ?? "")
    }
}
