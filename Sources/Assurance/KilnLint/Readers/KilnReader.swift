/// Kiln's own definition. What it pins is in its lock; what it says about running is looked at like everything else.
enum KilnReader {
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.kiln, source, root: root)
        for image in root["images"]?.entries ?? [] {
            let words =
                (image.value["entrypoint"]?.itemsOrSelf ?? []) + (image.value["command"]?.itemsOrSelf ?? [])
            if !words.isEmpty { document.scripts.append(KubernetesReader.script(words, .start)) }
            var container = Container(name: image.key, range: image.keyRange, node: image.value)
            // A fleet seals every root unless it is told otherwise, which has a line of its own.
            container.isReadOnly = true
            container.ports = (image.value["ports"]?.entries ?? []).compactMap { port in
                port.value.text.flatMap { Int($0) }.map { ($0, port.value.range) }
            }
            document.containers.append(container)
        }
        return document
    }
}
