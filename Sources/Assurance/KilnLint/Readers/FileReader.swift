import KilnDiagnostics
import KilnDockerfile

/// Tells what a file is, and reads it.
struct FileReader {
    struct Outcome: Sendable {
        var documents: [LintDocument] = []
        var problems: [Diagnostic] = []
        /// Why nothing was read; nil when something was.
        var skipped: String?
        /// It was read as a part of another file.
        var isTaken = false
    }

    let source: LintSource
    /// What the user says it is.
    let forced: FileKind?
    /// Files beside it, for those that are made of several.
    let neighbours: Neighbours

    func read() -> Outcome {
        switch forced ?? kindByName {
        case .dockerfile: return dockerfile()
        case .terraform: return terraform()
        case .packer where !isJSON: return TerraformReader.packer(source, neighbours)
        default: return structured()
        }
    }

    private var isJSON: Bool { source.name.hasSuffix(".json") }

    /// What the name alone says.
    private var kindByName: FileKind? {
        let name = source.fileName
        let lower = name.lowercased()
        if ["dockerfile", "containerfile"].contains(lower) || lower.hasPrefix("dockerfile.")
            || lower.hasPrefix("containerfile.")
            || lower.hasSuffix(".dockerfile") || lower.hasSuffix(".containerfile")
        {
            return lower.hasSuffix(".dockerignore") ? nil : .dockerfile
        }
        if lower.hasSuffix(".pkr.hcl") || lower.hasSuffix(".pkr.json") { return .packer }
        if lower.hasSuffix(".tf") || lower.hasSuffix(".tf.json") { return .terraform }
        return nil
    }

    private func dockerfile() -> Outcome {
        let (document, problems) = DockerfileReader.read(source)
        var outcome = Outcome()
        if source.bytes.contains(UInt8(ascii: "{")), Templates.isTemplate(source) {
            outcome.skipped = "a template, of which only the result can be looked at"
            return outcome
        }
        outcome.documents = [document]
        outcome.problems = problems.map { problem($0.message, at: $0.range) }
        return outcome
    }

    private func terraform() -> Outcome {
        isJSON ? structured() : TerraformReader.terraform(source, neighbours)
    }

    // MARK: YAML and JSON

    private func structured() -> Outcome {
        var outcome = Outcome()
        let result = YAMLReader.read(source.bytes)
        // Placeholders in quotes or within texts leave a file that can be read.
        if !result.problems.isEmpty, Templates.isTemplate(source) {
            outcome.skipped = "a template, of which only the result can be looked at"
            return outcome
        }
        for root in result.documents where root.isMap || root.isList {
            guard let kind = forced ?? kindByName ?? kind(of: root) else { continue }
            outcome.documents += documents(root, kind)
        }
        if !result.problems.isEmpty, !outcome.documents.isEmpty || looksLintable {
            outcome.problems = result.problems.map { problem($0.message, at: $0.range) }
        } else if outcome.documents.isEmpty {
            outcome.skipped = "nothing that is known here"
        }
        return outcome
    }

    private func problem(_ message: String, at range: Range<Int>) -> Diagnostic {
        Diagnostic(
            code: "lint.unreadable",
            "this cannot be read: \(message)",
            at: source.span(range, in: source.sourceText),
            hint: "what cannot be read was not looked at"
        )
    }

    /// Whether an unreadable file was meant for something that is linted.
    private var looksLintable: Bool {
        if forced != nil { return true }
        return ["\napiVersion:", "\nservices:", "\njobs:", "AWSTemplateFormatVersion"].contains { mark in
            source.firstRange(of: mark, in: 0..<source.bytes.count) != nil
        } || source.bytes.starts(with: "apiVersion:".utf8) || source.bytes.starts(with: "services:".utf8)
    }

    private func kind(of root: Node) -> FileKind? {
        let name = source.fileName
        guard root.isMap else { return nil }
        if root["apiVersion"]?.text != nil, root["kind"]?.text != nil { return .kubernetes }
        if name == "kustomization.yaml" || name == "kustomization.yml" { return .kubernetes }
        if root["kiln"]?.text == "1", root["images"] != nil || root["fleets"] != nil { return .kiln }
        if root["AWSTemplateFormatVersion"] != nil || isCloudFormation(root) { return .cloudformation }
        if root["containerDefinitions"]?.isList == true { return .ecs }
        if root["builders"]?.isList == true { return .packer }
        if name.hasPrefix(".gitlab-ci") || name.hasSuffix(".gitlab-ci.yml") { return .gitlab }
        if root["jobs"]?.isMap == true, root["on"] != nil || source.name.contains(".github/workflows/") {
            return .github
        }
        if root.at("runs", "using") != nil { return .github }
        if isCompose(root) { return .compose }
        if source.bytes.starts(with: "#cloud-config".utf8) { return .cloudInit }
        return nil
    }

    private func isCloudFormation(_ root: Node) -> Bool {
        root["Resources"]?.entries.contains { $0.value["Type"]?.text?.hasPrefix("AWS::") == true } ?? false
    }

    private func isCompose(_ root: Node) -> Bool {
        guard let services = root["services"], services.isMap else { return false }
        let lower = source.fileName.lowercased()
        if lower.contains("compose") { return true }
        return services.entries.contains { $0.value["image"] != nil || $0.value["build"] != nil }
    }

    private func documents(_ root: Node, _ kind: FileKind) -> [LintDocument] {
        switch kind {
        case .kubernetes: return KubernetesReader.read(root, source)
        case .compose: return [ComposeReader.read(root, source)]
        case .github: return [PipelineReader.github(root, source)]
        case .gitlab: return [PipelineReader.gitlab(root, source)]
        case .kiln: return [KilnReader.read(root, source)]
        case .ecs: return [ECSReader.read(root, source)]
        case .cloudInit: return [CloudInitReader.read(root, source)]
        case .cloudformation: return [CloudFormationReader.read(root, source)]
        case .packer: return [PackerReader.read(root, source)]
        case .terraform: return [TerraformReader.json(root, source)]
        case .dockerfile: return []
        }
    }
}

/// Texts that a template engine makes files of.
enum Templates {
    /// Whether a line begins with a directive, or a value is one without quotes: no YAML reader can take that.
    static func isTemplate(_ source: LintSource) -> Bool {
        let bytes = source.bytes
        guard bytes.contains(UInt8(ascii: "{")) else { return false }
        var index = 0
        while let brace = bytes[index...].firstIndex(of: UInt8(ascii: "{")), brace + 1 < bytes.count {
            index = brace + 1
            guard bytes[brace + 1] == UInt8(ascii: "{") || bytes[brace + 1] == UInt8(ascii: "%") else {
                continue
            }
            index = brace + 2
            let isShell = brace > 0 && bytes[brace - 1] == UInt8(ascii: "$")
            if isShell { continue }
            let line = bytes[source.lineStart(of: brace)..<brace]
            let head = line.drop { $0 == 32 || $0 == 9 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "#") }
            if head.isEmpty, line.first != UInt8(ascii: "#") { return true }
            // `key: {{ … }}` and `key: {% … %}`.
            let tail = line.reversed().drop { $0 == 32 }
            if tail.first == UInt8(ascii: ":"), tail.count < line.count { return true }
        }
        return false
    }
}

/// What stands beside a file: other files of its module, scripts that it names.
package struct Neighbours: Sendable {
    /// The text of a file, by its path from the folder of the one that names it.
    let text: @Sendable (String) -> [UInt8]?
    /// Names of the files in that folder.
    let names: [String]
    /// How many folders above that one belong to what is linted.
    let above: Int

    package init(
        names: [String] = [],
        above: Int = 0,
        text: @escaping @Sendable (String) -> [UInt8]? = { _ in nil }
    ) {
        self.names = names
        self.above = above
        self.text = text
    }
}
