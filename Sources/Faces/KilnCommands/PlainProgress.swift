import KilnDiagnostics
import KilnSystem
import Synchronization

/// One line per finished piece of work: for pipes, logs and CI.
struct PlainProgress: ProgressReceiver {
    private let console: Console
    private let narrates: Bool
    private let clock = SharedStarts()

    /// `narrates` repeats every line that the work says; without it tools and steps speak only through errors.
    init(console: Console, narrates: Bool) {
        self.console = console
        self.narrates = narrates
    }

    func receive(_ fact: ProgressFact) {
        switch fact {
        case .started(let id, let label, _): clock.start(id, label)
        case .advanced: break
        case .finished(let id, let cached, let detail):
            guard let (label, elapsed) = clock.end(id) else { return }
            let tail = cached ? "cached" : Quantities.duration(elapsed)
            console.message("\(label): \(tail)\(detail.map { "  \($0)" } ?? "")")
        case .failed(let id):
            guard let (label, elapsed) = clock.end(id) else { return }
            console.message("\(label): failed after \(Quantities.duration(elapsed))")
        case .output(_, let line): if narrates { console.message("  " + ShownText.line(line)) }
        case .diagnostic(let diagnostic): console.show([diagnostic])
        }
    }
}

/// When which work began.
final class SharedStarts: Sendable {  // a class: progress arrives from many tasks
    private let table = Mutex<[WorkID: (label: String, start: BootInstant)]>([:])

    func start(_ id: WorkID, _ label: String) {
        table.withLock { $0[id] = (label, .now) }
    }

    func end(_ id: WorkID) -> (label: String, elapsed: Duration)? {
        table.withLock { $0.removeValue(forKey: id) }.map { ($0.label, $0.start.duration(to: .now)) }
    }
}
