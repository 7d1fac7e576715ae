import KilnDiagnostics

/// A line for everything that happens to a fleet, with its name: what a controller says into a log that somebody reads later.
struct ServeProgress: ProgressReceiver {
    private static let work = WorkID("serve")
    private let console: Console

    private init(_ console: Console) {
        self.console = console
    }

    static func show<Result>(
        _ format: OutputFormat,
        on context: CommandContext,
        _ body: () async throws -> Result
    ) async throws -> Result {
        if format == .json { return try await context.withProgress(.json, body) }
        return try await Progress.$receiver.withValue(ServeProgress(context.console), operation: body)
    }

    /// Says something that is of no fleet.
    static func tell(_ line: String) {
        Progress.report(.output(work, line: line))
    }

    /// The same from where nobody's progress is shown, such as a signal handler.
    static func tell(_ line: String, on context: CommandContext, _ format: OutputFormat) {
        let receiver: any ProgressReceiver =
            format == .json ? JSONProgress(console: context.console) : ServeProgress(context.console)
        receiver.receive(.output(work, line: line))
    }

    func receive(_ fact: ProgressFact) {
        switch fact {
        case .output(let id, let line):
            let words = id.description.split(separator: "/", maxSplits: 1)
            let isFleet = words.count == 2 && words[0] == "fleet"
            console.message((isFleet ? "\(words[1]): " : "") + ShownText.line(line))
        case .diagnostic(let diagnostic): console.show([diagnostic])
        case .started, .advanced, .finished, .failed: break
        }
    }
}
