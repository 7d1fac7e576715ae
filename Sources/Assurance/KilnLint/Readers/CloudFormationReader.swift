/// CloudFormation's templates, in YAML with short intrinsics or in JSON.
enum CloudFormationReader {
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.cloudformation, source, root: root)
        for entry in root["Resources"]?.entries ?? [] {
            guard let type = entry.value["Type"]?.text else { continue }
            let body = entry.value["Properties"] ?? .nothing
            document.resources.append(
                CloudResource(
                    family: .resource,
                    type: type,
                    name: entry.key,
                    body: body,
                    range: entry.keyRange,
                    extent: entry.keyRange
                        .lowerBound..<max(entry.keyRange.upperBound, entry.value.range.upperBound)
                )
            )
            if type == "AWS::ECS::TaskDefinition" { ECSReader.take(body, &document) }
            for data in userData(body) { takeUserData(data, &document) }
            takeInit(entry.value, &document)
        }
        return document
    }

    private static func userData(_ body: Node) -> [Node] {
        [body["UserData"], body.at("LaunchTemplateData", "UserData")].compactMap { $0 }
    }

    /// `Fn::Base64` around a text, `!Sub`, or `!Join` of lines.
    private static func takeUserData(_ node: Node, _ document: inout LintDocument) {
        guard let (text, range) = text(node) else { return }
        document.scripts += CloudInitReader.scripts(text, within: range, in: document.source)
    }

    static func text(_ node: Node) -> (text: String, range: Range<Int>)? {
        if let text = node.text { return (text, node.range) }
        if node.tag == "!Join" || node.tag == "!Sub" { return list(node) }
        guard let entry = node.entries.first else { return nil }
        switch entry.key {
        case "Fn::Base64": return text(entry.value)
        case "Fn::Sub": return entry.value.isList ? entry.value.items.first.flatMap(text) : text(entry.value)
        case "Fn::Join": return list(entry.value)
        default: return nil
        }
    }

    private static func list(_ node: Node) -> (text: String, range: Range<Int>)? {
        let items = node.items
        if node.tag == "!Sub" { return items.first.flatMap(text) }
        guard items.count == 2, let separator = items[0].text else { return nil }
        let parts = items[1].items.map { $0.text ?? "${\($0.entries.first?.value.text ?? "…")}" }
        return (parts.joined(separator: separator), items[1].range)
    }

    /// `AWS::CloudFormation::Init` installs and writes when cfn-init is called, and again whenever cfn-hup sees a change.
    private static func takeInit(_ resource: Node, _ document: inout LintDocument) {
        guard let metadata = resource.at("Metadata", "AWS::CloudFormation::Init") else { return }
        for config in metadata.entries {
            for command in config.value["commands"]?.entries ?? [] {
                guard let text = command.value["command"]?.text, let range = command.value["command"]?.range
                else { continue }
                document.scripts.append(Script(.boot, PlacedText(text, within: range)))
            }
        }
    }
}
