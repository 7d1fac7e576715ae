/// A file of a pipeline.
struct PipelinePart: Sendable {
    let root: Node
    let source: LintSource
}

/// The jobs of a GitLab pipeline as they run: of all files that make it, templates put in, stage by stage.
struct GitLabPipeline {
    struct Job {
        let stage: String
        let image: String
        /// Each with the file that it stands in.
        let scripts: [(script: Script, source: LintSource)]
    }

    private typealias Value = (node: Node, source: LintSource)

    /// Templates of one job.
    private static let most = 100
    private static let keywords: Set<String> = [
        "variables", "stages", "include", "workflow", "cache", "spec", "default", "image", "services",
        "before_script", "after_script",
    ]

    private(set) var jobs: [Job] = []
    private var names: [String] = []
    private var values: [String: [Value]] = [:]
    private var defaults: [Value] = []

    /// What is included comes first; the file that includes it has the last word.
    init(_ parts: [PipelinePart]) {
        var stages = ["build", "test", "deploy"]
        for part in parts {
            if let own = part.root["stages"]?.items.compactMap(\.text), !own.isEmpty { stages = own }
            defaults.insert((part.root, part.source), at: 0)
            if let common = part.root["default"] { defaults.insert((common, part.source), at: 0) }
            for entry in part.root.entries where entry.value.isMap && !Self.keywords.contains(entry.key) {
                if values[entry.key] == nil { names.append(entry.key) }
                values[entry.key, default: []].insert((entry.value, part.source), at: 0)
            }
        }
        stages = [".pre"] + stages + [".post"]
        // A name that begins with a dot is a template: it runs where a job takes it.
        let own = names.filter { !$0.hasPrefix(".") }.map(job)
        let places = own.map { stages.firstIndex(of: $0.stage) ?? stages.count }
        jobs = own.indices.sorted { (places[$0], $0) < (places[$1], $1) }.map { own[$0] }
    }

    private func job(_ name: String) -> Job {
        var taken: Set<String> = []
        let chain = chain(name, &taken)
        let image = find("image", chain)?.node
        let keys = ["before_script", "script", "after_script"]
        return Job(
            stage: find("stage", chain)?.node.text ?? "test",
            image: image?["name"]?.text ?? image?.text ?? "",
            scripts: keys.compactMap { find($0, chain) }.flatMap(Self.scripts)
        )
    }

    /// The job, then what it extends, the last named first (GitLab, "extends").
    private func chain(_ name: String, _ taken: inout Set<String>) -> [Value] {
        guard taken.count < Self.most, taken.insert(name).inserted, let own = values[name] else { return [] }
        let parents = own.lazy.compactMap { $0.node["extends"]?.itemsOrSelf.compactMap(\.text) }.first ?? []
        return own + parents.reversed().flatMap { chain($0, &taken) }
    }

    private func find(_ key: String, _ chain: [Value]) -> Value? {
        for (node, source) in chain + defaults {
            if let value = node[key] { return (value, source) }
        }
        return nil
    }

    private static func scripts(_ value: Value) -> [(script: Script, source: LintSource)] {
        value.node.itemsOrSelf.flatMap(\.itemsOrSelf).compactMap { line in
            line.text.map { text in
                (script: Script(.pipeline, PlacedText(text, within: line.range)), source: value.source)
            }
        }
    }
}
