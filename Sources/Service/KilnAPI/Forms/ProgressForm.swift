import KilnDiagnostics

/// A fact about work under way as it is sent; the words are those of `--format json`.
struct ProgressForm: Sendable, Hashable, Codable {
    enum Event: String, Sendable, Hashable, Codable {
        case started
        case advanced
        case finished
        case failed
        case output
        case diagnostic
    }

    var event: Event
    var id: String?
    var label: String?
    var total: Int64?
    var completed: Int64?
    var cached: Bool?
    var detail: String?
    var line: String?
    var diagnostic: DiagnosticForm?

    init(_ fact: ProgressFact) {
        switch fact {
        case .started(let id, let label, let total):
            event = .started
            self.id = id.description
            self.label = label
            self.total = total
        case .advanced(let id, let completed):
            event = .advanced
            self.id = id.description
            self.completed = completed
        case .finished(let id, let cached, let detail):
            event = .finished
            self.id = id.description
            self.cached = cached
            self.detail = detail
        case .failed(let id):
            event = .failed
            self.id = id.description
        case .output(let id, let line):
            event = .output
            self.id = id.description
            self.line = line
        case .diagnostic(let diagnostic):
            event = .diagnostic
            self.diagnostic = DiagnosticForm(diagnostic)
        }
    }

    /// nil for a fact that lacks what it is about.
    var fact: ProgressFact? {
        if event == .diagnostic { return diagnostic.map { .diagnostic($0.diagnostic) } }
        guard let id = id.map({ WorkID($0) }) else { return nil }
        switch event {
        case .started: return label.map { .started(id, label: $0, total: total) }
        case .advanced: return completed.map { .advanced(id, completed: $0) }
        case .finished: return .finished(id, cached: cached ?? false, detail: detail)
        case .failed: return .failed(id)
        case .output: return line.map { .output(id, line: $0) }
        case .diagnostic: return nil
        }
    }
}
