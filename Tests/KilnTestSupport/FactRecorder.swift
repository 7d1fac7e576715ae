package import KilnDiagnostics
import Synchronization

/// Keeps the progress that is reported to it.
package final class FactRecorder: ProgressReceiver {  // a class: the test reads what the callee reports
    private let kept = Mutex<[ProgressFact]>([])

    package init() {}

    package func receive(_ fact: ProgressFact) {
        kept.withLock { $0.append(fact) }
    }

    /// What work said, line by line.
    package var lines: [String] {
        kept.withLock { facts in
            facts.compactMap { fact in if case .output(_, let line) = fact { line } else { nil } }
        }
    }

    package var facts: [ProgressFact] { kept.withLock { $0 } }

    package var diagnostics: [Diagnostic] {
        facts.compactMap { fact in if case .diagnostic(let diagnostic) = fact { diagnostic } else { nil } }
    }
}
