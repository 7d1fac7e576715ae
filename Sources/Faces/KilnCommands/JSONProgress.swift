import KilnDiagnostics
import KilnOCI
import KilnSystem

/// One JSON object per line and fact, on stderr, for programs that follow a command.
struct JSONProgress: ProgressReceiver {
    private let console: Console

    init(console: Console) {
        self.console = console
    }

    func receive(_ fact: ProgressFact) {
        guard let bytes = try? CanonicalJSON.encode(ProgressLine(fact)) else { return }
        console.message(String(decoding: bytes, as: UTF8.self))
    }
}

private struct ProgressLine: Encodable {
    var event: String
    var id: String?
    var label: String?
    var total: Int64?
    var completed: Int64?
    var cached: Bool?
    var detail: String?
    var line: String?
    var diagnostic: DiagnosticReport?

    init(_ fact: ProgressFact) {
        switch fact {
        case .started(let id, let label, let total):
            event = "started"
            self.id = id.description
            self.label = label
            self.total = total
        case .advanced(let id, let completed):
            event = "advanced"
            self.id = id.description
            self.completed = completed
        case .finished(let id, let cached, let detail):
            event = "finished"
            self.id = id.description
            self.cached = cached
            self.detail = detail
        case .failed(let id):
            event = "failed"
            self.id = id.description
        case .output(let id, let line):
            event = "output"
            self.id = id.description
            self.line = line
        case .diagnostic(let diagnostic):
            event = "diagnostic"
            self.diagnostic = DiagnosticReport(diagnostic)
        }
    }
}

/// A diagnostic as `--format json` shows it.
struct DiagnosticReport: Encodable {
    let severity: String
    let code: String
    let message: String
    let place: String?
    /// The line at that place.
    let excerpt: String?
    let causes: [String]
    let hint: String?

    init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity.rawValue
        code = diagnostic.code
        message = diagnostic.message
        place = diagnostic.span?.place
        excerpt = diagnostic.span.flatMap { $0.source.line($0.line) }
        causes = diagnostic.causes
        hint = diagnostic.hint
    }
}
