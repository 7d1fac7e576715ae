import KilnDockerfile

/// A Dockerfile's images, build steps and what it starts.
struct DockerfileReader {
    private var document: LintDocument
    private let file: Dockerfile
    private var globals = DockerVariables()
    private var names: Set<String> = []
    private var copies: [String: DockerCopies] = [:]
    private var lastCopies = DockerCopies()

    static func read(_ source: LintSource) -> (document: LintDocument, problems: [DockerfileProblem]) {
        let file = DockerfileParser.parse(source.bytes)
        var reader = DockerfileReader(source, file)
        reader.run()
        return (reader.document, file.problems)
    }

    private init(_ source: LintSource, _ file: Dockerfile) {
        document = LintDocument(.dockerfile, source)
        document.dockerfile = file
        document.statements = file.instructions.map(\.range)
        self.file = file
    }

    private mutating func run() {
        for argument in file.globalArguments { globals.take(argument) }
        for (number, stage) in file.stages.enumerated() {
            take(stage)
            names.insert(String(number))
            if let name = stage.name { names.insert(name) }
        }
        if let syntax = file.directives["syntax"] { takeFrontend(syntax) }
        takeStart()
    }

    /// `# syntax=docker/dockerfile:1` decides what builds the image.
    private mutating func takeFrontend(_ text: String) {
        guard let place = document.source.firstRange(of: text, in: 0..<min(4096, document.source.bytes.count))
        else {
            return
        }
        let name = ImageName(text)
        // The official frontend's major versions are compatible by promise, and change no image's content.
        guard !name.repository.hasSuffix("docker/dockerfile") else { return }
        document.images.append(ImageUse(text: text, range: place, role: .input))
    }

    private mutating func take(_ stage: DockerStage) {
        if let base = stage.base { takeImage(base.text, at: base.range, globals, role: .base) }
        var variables = DockerVariables()
        lastCopies = stage.base.flatMap { copies[$0.text.lowercased()] } ?? DockerCopies()
        defer { if let name = stage.name { copies[name.lowercased()] = lastCopies } }
        for instruction in stage.instructions {
            variables.take(instruction, global: globals)
            lastCopies.take(instruction)
            take(instruction, variables)
            if let inner = instruction.inner, instruction.keyword == "ONBUILD" { take(inner, variables) }
        }
    }

    private mutating func take(_ instruction: DockerInstruction, _ variables: DockerVariables) {
        switch instruction.keyword {
        case "COPY", "ADD":
            if let flag = instruction.flag("from"), let value = flag.value {
                takeImage(value, at: flag.range.dropping("--from=".utf8.count), globals, role: .input)
            }
        case "RUN":
            for flag in instruction.flags where flag.name == "mount" { takeMount(flag) }
            takeRun(instruction)
            let inside = lastCopies.mounting(instruction)
            document.names += document.scripts.last.map(inside.calls) ?? []
        default: break
        }
    }

    private mutating func takeMount(_ flag: DockerFlag) {
        guard let value = flag.value else { return }
        for part in value.split(separator: ",") where part.hasPrefix("from=") {
            let name = String(part.dropFirst(5))
            let place = document.source.firstRange(of: name, in: flag.range) ?? flag.range
            takeImage(name, at: place, globals, role: .input)
        }
    }

    private mutating func takeImage(
        _ written: String,
        at range: Range<Int>,
        _ variables: DockerVariables,
        role: ImageUse.Role
    ) {
        let put = variables.resolve(written, escape: file.escape)
        guard !names.contains(put.text.lowercased()), put.text != "scratch", !put.text.isEmpty else { return }
        document.images.append(
            ImageUse(
                text: put.text,
                range: range,
                role: role,
                unknown: put.unknown,
                defaults: put.used,
                isLiteral: put.text == written
            )
        )
    }

    private mutating func takeRun(_ instruction: DockerInstruction) {
        if let words = instruction.json {
            document.scripts.append(Script(.build, words: words.map { ($0.text, $0.range) }))
            return
        }
        let body = instruction.body
        if let heredoc = instruction.heredocs.first, body.bytes.starts(with: "<<".utf8) {
            let text = PlacedText(heredoc.text.bytes, offsets: heredoc.text.offsets)
            document.scripts.append(Script(.build, text))
            return
        }
        var (bytes, offsets) = (body.bytes, body.offsets)
        for heredoc in instruction.heredocs {
            bytes += [10] + heredoc.text.bytes + Array(heredoc.name.utf8) + [10]
            let last = heredoc.range.upperBound
            offsets += [heredoc.range.lowerBound] + heredoc.text.offsets
            offsets += [Int](repeating: last, count: heredoc.name.utf8.count + 1)
        }
        document.scripts.append(Script(.build, PlacedText(bytes, offsets: offsets)))
    }

    /// What the last stage starts: the last `ENTRYPOINT` and `CMD` count.
    private mutating func takeStart() {
        let first = document.scripts.count
        defer { document.names += document.scripts[first...].flatMap(lastCopies.calls) }
        guard let stage = file.stages.last else { return }
        let entry = stage.instructions.last { $0.keyword == "ENTRYPOINT" }
        let command = stage.instructions.last { $0.keyword == "CMD" }
        if let entry, let command, let head = entry.json, let tail = command.json {
            document.scripts.append(Script(.start, words: (head + tail).map { ($0.text, $0.range) }))
            return
        }
        for instruction in [entry, command].compactMap({ $0 }) {
            if let words = instruction.json {
                document.scripts.append(Script(.start, words: words.map { ($0.text, $0.range) }))
            } else {
                let text = PlacedText(instruction.body.bytes, offsets: instruction.body.offsets)
                document.scripts.append(Script(.start, text))
            }
        }
    }
}

extension Range<Int> {
    func dropping(_ count: Int) -> Range<Int> { Swift.min(lowerBound + count, upperBound)..<upperBound }
}

extension LintSource {
    /// Where a text stands first within a range.
    func firstRange(of text: String, in range: Range<Int>) -> Range<Int>? {
        let wanted = Array(text.utf8)
        let place = clamped(range)
        guard !wanted.isEmpty, place.count >= wanted.count else { return nil }
        for start in place.lowerBound...(place.upperBound - wanted.count)
        where bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted) {
            return start..<start + wanted.count
        }
        return nil
    }
}
