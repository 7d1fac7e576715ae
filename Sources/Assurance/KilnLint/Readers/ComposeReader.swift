import KilnDockerfile

/// A Compose file's services.
struct ComposeReader {
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.compose, source, root: root)
        for service in root["services"]?.entries ?? [] {
            document.containers.append(container(service))
            take(service.value, &document)
        }
        return document
    }

    private static func take(_ node: Node, _ document: inout LintDocument) {
        if let image = node["image"], let text = image.text, !image.isNothing, node["build"] == nil {
            let put = DockerVariables().resolve(text)
            document.images.append(
                ImageUse(
                    text: put.text,
                    range: image.range,
                    role: .container,
                    unknown: put.unknown + (text.contains("{{") ? [text] : []),
                    isLiteral: put.text == text
                )
            )
        }
        for key in ["entrypoint", "command"] {
            guard let value = node[key], !value.isNothing else { continue }
            if value.isList {
                document.scripts.append(KubernetesReader.script(value.items, .start))
            } else if let text = value.text {
                document.scripts.append(Script(.start, PlacedText(text, within: value.range)))
            }
        }
        for hook in node["post_start"]?.items ?? [] {
            guard let command = hook["command"] else { continue }
            if command.isList { document.scripts.append(KubernetesReader.script(command.items, .start)) }
            if let text = command.text {
                document.scripts.append(Script(.start, PlacedText(text, within: command.range)))
            }
        }
    }

    private static func container(_ service: Node.Entry) -> Container {
        let node = service.value
        var container = Container(name: service.key, range: service.keyRange, node: node)
        container.image = node["image"]?.text
        container.isReadOnly =
            node["read_only"].map { $0.text?.contains("$") == true ? nil : $0.bool } ?? false
        container.isPrivileged = node["privileged"]?.bool == true
        container.variables = variables(node["environment"])
        container.ports = (node["ports"]?.items ?? []).compactMap { port in
            let text = port["target"]?.text ?? port.text ?? ""
            let inner = text.split(separator: ":").last.map(String.init) ?? text
            let number = Int(inner.prefix { $0.isNumber })
            return number.map { ($0, port.range) }
        }
        container.mounts = (node["volumes"]?.items ?? []).compactMap(mount)
        for target in node["tmpfs"]?.itemsOrSelf ?? [] {
            guard let text = target.text else { continue }
            let path = text.split(separator: ":").first.map(String.init) ?? text
            container.mounts.append(
                .init(target: path, origin: .scratch(isBounded: true), isReadOnly: false, range: target.range)
            )
        }
        return container
    }

    private static func variables(_ node: Node?) -> [Container.Variable] {
        guard let node else { return [] }
        if node.isMap {
            return node.entries.map {
                .init(name: $0.key, value: $0.value.isNothing ? nil : $0.value.text, range: $0.value.range)
            }
        }
        return node.items.compactMap { item in
            guard let text = item.text else { return nil }
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            return .init(name: parts[0], value: parts.count > 1 ? parts[1] : nil, range: item.range)
        }
    }

    private static func mount(_ node: Node) -> Container.Mount? {
        if let text = node.text { return shortMount(text, node.range) }
        guard let target = node["target"]?.text else { return nil }
        let source = node["source"]?.text
        let origin: Container.Mount.Origin
        switch node["type"]?.text {
        case "bind": origin = .host(source ?? "")
        case "tmpfs": origin = .scratch(isBounded: true)
        default: origin = source.map { .volume($0) } ?? .anonymous
        }
        return .init(
            target: target,
            origin: origin,
            isReadOnly: node["read_only"]?.bool == true,
            range: node.range
        )
    }

    /// `[source:]target[:mode]`.
    private static func shortMount(_ text: String, _ range: Range<Int>) -> Container.Mount? {
        let written = DockerVariables().resolve(text).text
        guard !written.hasPrefix("${") else {
            return .init(target: text, origin: .unknown, isReadOnly: true, range: range)
        }
        let parts = written.split(separator: ":").map(String.init)
        guard let first = parts.first else { return nil }
        guard parts.count > 1 else {
            return .init(target: first, origin: .anonymous, isReadOnly: false, range: range)
        }
        let isHost =
            first.hasPrefix(".") || first.hasPrefix("/") || first.hasPrefix("~") || first.hasPrefix("$")
        let modes = parts.count > 2 ? parts[2].split(separator: ",") : []
        return .init(
            target: parts[1],
            origin: isHost ? .host(first) : .volume(first),
            isReadOnly: modes.contains("ro"),
            range: range
        )
    }
}
