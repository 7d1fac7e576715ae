/// Reads what the files that are linted name: scripts of Dockerfiles and of Packer, parts of pipelines. Each is looked at once,
/// in a place of its own in the report.
struct NamedFiles {
    private struct Key: Hashable {
        let name: String
        let kind: FileKind
        let role: NamedFile.Role
    }

    private static let most = 2000
    /// As many as GitLab takes.
    private static let mostParts = 150

    struct Found {
        /// Its neighbours are those of the one that named it first.
        let input: Linter.Input
        var outcome: FileReader.Outcome
    }

    private(set) var files: [Found] = []
    private var seen: Set<Key> = []

    /// Puts what was found into the documents that name it.
    init(_ inputs: [Linter.Input], _ outcomes: inout [FileReader.Outcome]) {
        for (place, input) in inputs.enumerated() {
            for number in outcomes[place].documents.indices {
                outcomes[place].documents[number] = completed(outcomes[place].documents[number], input)
            }
        }
        joinPipelines(inputs, &outcomes)
        let names = Set(files.map(\.input.source.name))
        // What was nothing by itself is something now; what was something is not looked at twice.
        for (place, input) in inputs.enumerated() where names.contains(input.source.name) {
            if outcomes[place].documents.isEmpty {
                outcomes[place].isTaken = true
            } else {
                files.removeAll { $0.input.source.name == input.source.name }
            }
        }
    }

    private mutating func completed(_ document: LintDocument, _ input: Linter.Input) -> LintDocument {
        var document = document
        var included: Set<String> = []
        for file in document.names {
            switch file.role {
            case .script(let phase):
                guard let source = Self.find(file, from: input), Script.isShell(source.bytes) else {
                    document.isMissingScripts = true
                    continue
                }
                document.called.append(take(source, phase, document.kind, file.role, input))
            case .pipeline:
                document.parts += parts(file, from: input, &included)
            }
        }
        return document
    }

    private mutating func take(
        _ source: LintSource,
        _ phase: Script.Phase,
        _ kind: FileKind,
        _ role: NamedFile.Role,
        _ input: Linter.Input
    ) -> Script {
        let script = Script(phase, file: source)
        guard seen.insert(Key(name: source.name, kind: kind, role: role)).inserted, files.count < Self.most
        else { return script }
        var document = LintDocument(kind, source)
        document.scripts = [script]
        document.statements = script.commands.map { script.place(of: $0, in: source) }
        keep(source, document, input)
        return script
    }

    private mutating func keep(_ source: LintSource, _ document: LintDocument, _ input: Linter.Input) {
        let found = Linter.Input(source, neighbours: input.neighbours)
        files.append(Found(input: found, outcome: .init(documents: [document])))
    }

    // MARK: Pipelines

    /// `included` are those that the pipeline has already: nothing is taken twice, and circles end.
    private mutating func parts(
        _ file: NamedFile,
        from input: Linter.Input,
        _ included: inout Set<String>
    ) -> [PipelinePart] {
        guard included.count < Self.mostParts, let source = Self.find(file, from: input),
            included.insert(source.name).inserted
        else { return [] }
        let result = YAMLReader.read(source.bytes)
        guard let root = result.documents.first(where: \.isMap) else { return [] }
        let document = PipelineReader.gitlab(root, source)
        // Includes of an included file begin at the same folder.
        let nested = document.names.flatMap { parts($0, from: input, &included) }
        if seen.insert(Key(name: source.name, kind: .gitlab, role: .pipeline)).inserted,
            files.count < Self.most
        {
            keep(source, document, input)
        }
        return nested + [PipelinePart(root: root, source: source)]
    }

    /// Each file of a pipeline is judged by all of it; one that several pipelines include, by the first.
    private mutating func joinPipelines(_ inputs: [Linter.Input], _ outcomes: inout [FileReader.Outcome]) {
        var whole: [String: [PipelinePart]] = [:]
        for (place, input) in inputs.enumerated() {
            for number in outcomes[place].documents.indices
            where outcomes[place].documents[number].kind == .gitlab {
                let document = outcomes[place].documents[number]
                let all = document.parts + [PipelinePart(root: document.root, source: input.source)]
                outcomes[place].documents[number].parts = all
                for part in document.parts where whole[part.source.name] == nil {
                    whole[part.source.name] = all
                }
            }
        }
        for (place, input) in inputs.enumerated() {
            guard let all = whole[input.source.name] else { continue }
            for number in outcomes[place].documents.indices
            where outcomes[place].documents[number].kind == .gitlab {
                outcomes[place].documents[number].parts = all
            }
        }
        for place in files.indices {
            guard let all = whole[files[place].input.source.name] else { continue }
            for number in files[place].outcome.documents.indices {
                files[place].outcome.documents[number].parts = all
            }
        }
    }

    // MARK: Places

    private static func find(_ file: NamedFile, from input: Linter.Input) -> LintSource? {
        let folders = input.source.name.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        for level in 0...input.neighbours.above {
            for path in file.paths {
                let name = String(repeating: "../", count: level) + path
                guard let bytes = input.neighbours.text(name) else { continue }
                let shown = (folders.dropLast(level).map(String.init) + [path]).joined(separator: "/")
                return LintSource(name: shown, bytes: bytes)
            }
        }
        return nil
    }
}
