/// What a machine is told to do when it boots: a shell script, or cloud-init's YAML.
enum CloudInitReader {
    /// A file of its own.
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.cloudInit, source, root: root)
        document.scripts = scripts(of: root) { $0 }
        return document
    }

    /// User data that stands in another file.
    static func scripts(
        _ text: String,
        within range: Range<Int>,
        in source: LintSource,
        isElsewhere: Bool = false
    ) -> [Script] {
        let placed = isElsewhere ? PlacedText(text, namedAt: range) : PlacedText(text, within: range)
        guard text.hasPrefix("#cloud-config") else {
            let start = text.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
            return start.hasPrefix("<powershell>") ? [] : [Script(.boot, placed)]
        }
        let root = YAMLReader.read(placed.bytes).documents.first ?? .nothing
        return scripts(of: root) { placed.place(of: $0, in: source) }
    }

    private static func scripts(of root: Node, _ place: (Range<Int>) -> Range<Int>) -> [Script] {
        var scripts: [Script] = []
        for package in root["packages"]?.items ?? [] {
            guard let name = package.text ?? package.items.first?.text else { continue }
            scripts.append(command(["apt-get", "install", name], at: place(package.range)))
        }
        for key in ["package_upgrade", "package_reboot_if_required", "apt_upgrade"] {
            guard key != "package_reboot_if_required", let entry = root.entry(key), entry.value.bool == true
            else { continue }
            scripts.append(command(["apt-get", "upgrade"], at: place(entry.keyRange)))
        }
        for key in ["runcmd", "bootcmd"] {
            for item in root[key]?.items ?? [] {
                if let text = item.text {
                    let (bytes, whole) = (Array(text.utf8), place(item.range))
                    let offsets =
                        whole.count >= bytes.count
                        ? bytes.indices.map { whole.lowerBound + $0 } : bytes.map { _ in whole.lowerBound }
                    scripts.append(Script(.boot, PlacedText(bytes, offsets: offsets)))
                } else {
                    let words = item.items.compactMap { word in
                        word.text.map { (text: $0, range: place(word.range)) }
                    }
                    if !words.isEmpty { scripts.append(Script(.boot, words: words)) }
                }
            }
        }
        for tool in ["ansible", "chef", "puppet", "salt_minion"] {
            guard let entry = root.entry(tool) else { continue }
            let program =
                ["ansible": "ansible-pull", "chef": "chef-client", "salt_minion": "salt-minion"][tool] ?? tool
            scripts.append(command([program, "agent"], at: place(entry.keyRange)))
        }
        return scripts
    }

    private static func command(_ words: [String], at range: Range<Int>) -> Script {
        Script(.boot, words: words.map { ($0, range) })
    }
}
