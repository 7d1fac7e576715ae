/// Packer's older templates, in JSON.
enum PackerReader {
    static func read(_ root: Node, _ source: LintSource) -> LintDocument {
        var document = LintDocument(.packer, source, root: root)
        for builder in root["builders"]?.items ?? [] {
            let type = builder["type"]
            document.resources.append(
                CloudResource(
                    family: .builder,
                    type: type?.text ?? "",
                    name: builder["name"]?.text ?? type?.text ?? "",
                    body: builder,
                    range: type?.range ?? builder.range,
                    extent: builder.range
                )
            )
        }
        take(
            provisioners: root["provisioners"]?.items.map { ($0["type"]?.text ?? "", $0) } ?? [],
            &document
        )
        return document
    }

    /// Without the words for the template's own folder.
    private static func inFolder(_ path: String) -> String {
        let words = [
            "${path.root}/", "${path.cwd}/", "path.root/", "{{template_dir}}/", "{{ template_dir }}/",
        ]
        guard let word = words.first(where: path.hasPrefix) else { return path }
        return String(path.dropFirst(word.count))
    }

    static func take(provisioners: [(type: String, body: Node)], _ document: inout LintDocument) {
        for (type, body) in provisioners where type.hasPrefix("shell") && type != "shell-local" {
            let files = ([body["script"]].compactMap { $0 } + (body["scripts"]?.items ?? [])).compactMap(
                \.text
            )
            document.names += files.compactMap { NamedFile(.script(.provision), [inFolder($0)]) }
            for line in body["inline"]?.itemsOrSelf ?? [] {
                guard let text = line.text else { continue }
                document.scripts.append(Script(.provision, PlacedText(text, within: line.range)))
            }
        }
    }
}
