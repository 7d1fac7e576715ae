/// Repairs what can be repaired without judgement: a digest behind a tag, a root that is sealed.
package struct LintFixer: Sendable {
    /// Digests by the image's whole name (`docker.io/library/nginx:1.27`).
    package var digests: [String: String] = [:]
    /// Folders that images declare as written to, by the image's whole name; none is known of images that are missing.
    package var volumes: [String: [String]] = [:]

    package init() {}

    /// Whole names of the images whose digests findings ask for.
    package static func wanted(_ report: LintReport) -> [String] {
        names(report) { repair in
            if case .pin(let image, _) = repair { ImageName(image) } else { nil }
        }
    }

    /// Whole names, with the digest where there is one, of the images whose roots are to be sealed.
    package static func unsealed(_ report: LintReport) -> [String] {
        names(report) { repair in
            switch repair {
            case .sealRoot(let container, _), .sealService(let container):
                container.image.map(ImageName.init)
            case .pin: nil
            }
        }
    }

    private static func names(_ report: LintReport, _ name: (Repair) -> ImageName?) -> [String] {
        let found = report.files.flatMap(\.findings).compactMap { finding -> String? in
            finding.suppression == nil ? finding.repair.flatMap(name)?.qualified : nil
        }
        return Set(found).sorted()
    }

    package func edits(_ file: LintedFile) -> TextEdits {
        var edits = TextEdits()
        // Several containers of one pod share its list.
        var volumes: [(pod: Node, items: [String])] = []
        for finding in file.findings where finding.suppression == nil {
            switch finding.repair {
            case .pin(let image, let range): pin(image, range, file.source, &edits)
            case .sealRoot(let container, let pod):
                let items = seal(container, pod, file.source, &edits)
                if let index = volumes.firstIndex(where: { $0.pod.range == pod.range }) {
                    volumes[index].items += items
                } else {
                    volumes.append((pod, items))
                }
            case .sealService(let container): seal(container, file.source, &edits)
            case nil: break
            }
        }
        let layout = BlockLayout(file.source)
        for (pod, items) in volumes where !items.isEmpty {
            guard let indent = layout.indent(of: pod) else { continue }
            layout.add(items, to: "volumes", of: pod, indent: indent, &edits)
        }
        return edits
    }

    private func pin(_ image: String, _ range: Range<Int>, _ source: LintSource, _ edits: inout TextEdits) {
        guard let digest = digests[ImageName(image).qualified],
            let place = source.firstRange(of: image, in: range)
        else { return }
        edits.insert("@" + digest, at: place.upperBound)
    }

    // MARK: Read-only roots

    /// Of an image whose word is known; what that declares as written to stays so.
    private func seal(_ service: Container, _ source: LintSource, _ edits: inout TextEdits) {
        guard let image = service.image, volumes[ImageName(image).qualified] != nil else { return }
        if let flag = service.node.entry("read_only") {
            edits.replace(flag.value.range, with: "true")
        } else if let indent = BlockLayout(source).indent(of: service.node) {
            edits.insert("read_only: true\n" + indent, at: service.node.range.lowerBound)
        }
    }

    /// Gives the volumes that the pod has to have for it.
    private func seal(
        _ container: Container,
        _ pod: Node,
        _ source: LintSource,
        _ edits: inout TextEdits
    ) -> [String] {
        guard let image = container.image, let folders = volumes[ImageName(image).qualified] else {
            return []
        }
        let open = folders.filter { folder in !container.mounts.contains { $0.target == folder } }
        let layout = BlockLayout(source)
        guard let member = layout.indent(of: container.node), let outer = layout.indent(of: pod) else {
            return []
        }
        let security = container.node.entry("securityContext")
        if let flag = security?.value.entry("readOnlyRootFilesystem") {
            edits.replace(flag.value.range, with: "true")
        } else if let security, security.value.isMap {
            guard let inner = layout.indent(of: security.value) else { return [] }
            edits.insert("readOnlyRootFilesystem: true\n" + inner, at: security.value.range.lowerBound)
        } else if security == nil {
            let text = "securityContext:\n\(member)  readOnlyRootFilesystem: true\n\(member)"
            edits.insert(text, at: container.node.range.lowerBound)
        }
        guard !open.isEmpty else { return [] }
        let names = open.map { "scratch-" + Self.name($0, in: container) }
        let mounts = zip(names, open).map { "name: \($0)\n\(member)    mountPath: \($1)" }
        layout.add(mounts, to: "volumeMounts", of: container.node, indent: member, &edits)
        return names.map { "name: \($0)\n\(outer)    emptyDir:\n\(outer)      sizeLimit: 64Mi" }
    }

    private static func name(_ folder: String, in container: Container) -> String {
        let words = (container.name + folder).lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" }
        let name = String(words.prefix(48))
        return name.hasSuffix("-") ? String(name.dropLast()) : name
    }
}

/// Puts keys and items into YAML that is laid out by indentation.
struct BlockLayout {
    private let source: LintSource

    init(_ source: LintSource) {
        self.source = source
    }

    /// The blanks that a mapping's keys start behind; nil when it is in braces.
    func indent(of node: Node) -> String? {
        guard node.isMap, !node.entries.isEmpty, source.bytes[node.range.lowerBound] != UInt8(ascii: "{")
        else { return nil }
        let start = source.lineStart(of: node.range.lowerBound)
        return String(repeating: " ", count: node.range.lowerBound - start)
    }

    /// Adds items to the list of a key, or the key with them.
    func add(_ items: [String], to key: String, of node: Node, indent: String, _ edits: inout TextEdits) {
        if let list = node[key], list.isList, !list.items.isEmpty,
            source.bytes[list.range.lowerBound] == UInt8(ascii: "-")
        {
            let start = source.lineStart(of: list.range.lowerBound)
            let own = String(repeating: " ", count: list.range.lowerBound - start)
            // The items were laid out two blanks deeper than the key, which the list may not be.
            let shift = own.count - indent.count - 2
            let texts = items.map { item in
                "- "
                    + item.split(separator: "\n").enumerated().map { index, line in
                        index == 0 ? String(line) : Self.shifted(String(line), by: shift)
                    }.joined(separator: "\n")
            }
            edits.insert(texts.map { $0 + "\n" + own }.joined(), at: list.range.lowerBound)
        } else if node[key] == nil {
            let text = key + ":\n" + items.map { "\(indent)  - \($0)\n" }.joined() + indent
            edits.insert(text, at: node.range.lowerBound)
        }
    }

    private static func shifted(_ line: String, by count: Int) -> String {
        if count >= 0 { return String(repeating: " ", count: count) + line }
        let blanks = line.prefix { $0 == " " }.count
        return String(line.dropFirst(min(blanks, -count)))
    }
}
