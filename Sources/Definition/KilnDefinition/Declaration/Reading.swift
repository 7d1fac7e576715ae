import KilnDiagnostics

/// An error with the notes that belong to it.
struct Problem: Sendable {
    var error: Diagnostic
    var notes: [Diagnostic] = []
}

/// One pass over a definition: what was found wrong, and where each value stands.
struct Reading: Sendable {
    private static let shownLimit = 100
    /// Past this many, errors are counted only.
    private static let keptLimit = 1000

    let lines: SourceLines
    private(set) var problems: [Problem] = []
    private var dropped = 0
    private var passages: [FieldPath: Passage] = [:]
    /// The names below a mapping of names, in the order written.
    private var names: [FieldPath: [String]] = [:]
    /// Paths with an error in them or below them.
    private var tainted: Set<FieldPath> = []
    /// Objects with a key that means nothing, so that a key they lack may be a misspelt one.
    private var uncertain: Set<FieldPath> = []

    init(_ source: SourceText) {
        lines = SourceLines(source)
    }

    /// Another pass over the same text.
    init(again other: Reading) {
        lines = other.lines
    }

    /// In the order of the file.
    var diagnostics: [Diagnostic] {
        let sorted = problems.enumerated().sorted { left, right in
            Self.order(left.element, left.offset) < Self.order(right.element, right.offset)
        }
        let shown = sorted.prefix(Self.shownLimit).flatMap { [$0.element.error] + $0.element.notes }
        let hidden = problems.count - Self.shownLimit + dropped
        guard hidden > 0 else { return shown }
        let more = hidden == 1 ? "1 more error is not shown" : "\(hidden) more errors are not shown"
        return shown + [Diagnostic(.note, code: "definition.more", more, exitStatus: .usage)]
    }

    private static func order(_ problem: Problem, _ offset: Int) -> (Int, Int, Int) {
        (problem.error.span?.line ?? 0, problem.error.span?.column ?? 0, offset)
    }

    /// Whether so little is wrong that each hint is worth finding.
    var wantsHints: Bool { problems.count < Self.shownLimit }
    /// Whether errors are counted only, so that their places need not be found.
    var isFull: Bool { problems.count >= Self.keptLimit }

    mutating func report(_ problem: Problem) {
        if isFull { dropped += 1 } else { problems.append(problem) }
    }

    mutating func report(_ error: YAMLSyntaxError) {
        report(error.problem)
    }

    mutating func report(
        _ code: String,
        _ message: String,
        at span: SourceSpan?,
        hint: String? = nil,
        notes: [Diagnostic] = []
    ) {
        let error = Diagnostic(
            code: "definition." + code,
            message,
            at: span,
            hint: hint,
            exitStatus: .usage
        )
        report(Problem(error: error, notes: notes))
    }

    /// Reports an error in this value; what depends on the value is then not judged.
    mutating func report(
        _ code: String,
        _ message: String,
        in passage: Passage,
        hint: String? = nil,
        notes: [Diagnostic] = []
    ) {
        taint(passage.path)
        report(code, message, at: lines.span(of: passage.subject), hint: hint, notes: notes)
    }

    func note(_ message: String, at path: FieldPath) -> [Diagnostic] {
        span(path).map { [Diagnostic(.note, code: "definition.place", message, at: $0, exitStatus: .usage)] }
            ?? []
    }

    mutating func taint(_ path: FieldPath) {
        var steps = path.steps[...]
        while tainted.insert(FieldPath(Array(steps))).inserted, !steps.isEmpty { steps.removeLast() }
    }

    mutating func doubt(_ path: FieldPath) {
        uncertain.insert(path)
    }

    mutating func remember(_ passage: Passage) {
        passages[passage.path] = passage
    }

    mutating func remember(names: [String], at path: FieldPath) {
        self.names[path] = names
    }

    func names(at path: FieldPath) -> [String] { names[path] ?? [] }

    func isWritten(_ path: FieldPath) -> Bool { passages[path] != nil }

    /// Whether what was read for this path, or its absence, can be relied on.
    func isSound(_ path: FieldPath) -> Bool {
        guard !tainted.contains(path) else { return false }
        return isWritten(path)
            || (!uncertain.contains(path.parent) && (path.steps.count < 2 || isSound(above: path)))
    }

    /// An absent key below an absent object is as certain as that object.
    private func isSound(above path: FieldPath) -> Bool {
        isWritten(path.parent) || isSound(path.parent)
    }

    /// Whether the names below this mapping are known, whatever is wrong in what they stand for.
    func isUsable(_ path: FieldPath) -> Bool {
        names[path] != nil || isSound(path)
    }

    /// Where the value stands; nil when it was left out.
    func span(_ path: FieldPath) -> SourceSpan? {
        passages[path].map { lines.span(of: $0.subject) }
    }

    /// Where the key stands; nil when it was left out.
    func keySpan(_ path: FieldPath) -> SourceSpan? {
        passages[path].map { lines.span(of: $0.key ?? $0.node) }
    }
}
