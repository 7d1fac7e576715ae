import KilnDiagnostics
import KilnSystem
import Synchronization

/// What is under way stands at the bottom of the terminal with its elapsed time; what is finished scrolls up.
/// A class, since one task redraws what facts from many tasks change.
final class LiveProgress: ProgressReceiver, Sendable {
    private struct Work {
        let label: String
        let start: BootInstant
        let total: Int64?
        var completed: Int64 = 0
        var lastOutput: String?
    }

    private struct State {
        var order: [WorkID] = []
        var works: [WorkID: Work] = [:]
        /// Columns of the longest label so far: times stand below each other.
        var width = 40
    }

    private static let longestLabel = 64

    private let console: Console
    private let narrates: Bool
    private let state = Mutex(State())

    init(console: Console, narrates: Bool) {
        self.console = console
        self.narrates = narrates
    }

    /// Redraws ten times a second until it is cancelled, then clears the live lines.
    func draw() async {
        while !Task.isCancelled {
            redraw()
            try? await Task.sleep(for: .milliseconds(100))
        }
        console.showLive([])
    }

    func receive(_ fact: ProgressFact) {
        switch fact {
        case .started(let id, let label, let total):
            state.withLock {
                $0.order.append(id)
                let label = Quantities.cut(ShownText.line(label), to: Self.longestLabel)
                $0.works[id] = Work(label: label, start: .now, total: total)
                $0.width = max($0.width, label.count)
            }
        case .advanced(let id, let completed): state.withLock { $0.works[id]?.completed = completed }
        case .finished(let id, let cached, let detail):
            guard let work = remove(id) else { return }
            let time = cached ? faint(padded("cached")) : padded(elapsed(work))
            let tail = detail.map { "  " + faint($0) } ?? ""
            console.message("\(green("✓")) \(aligned(work.label))  \(time)\(tail)")
        case .failed(let id):
            guard let work = remove(id) else { return }
            console.message("\(red("✗")) \(aligned(work.label))  \(padded(elapsed(work)))")
        case .output(let id, let line):
            if narrates {
                console.message("  " + ShownText.line(line))
            } else {
                state.withLock { $0.works[id]?.lastOutput = line }
            }
        case .diagnostic(let diagnostic): console.show([diagnostic])
        }
    }

    private func remove(_ id: WorkID) -> Work? {
        state.withLock {
            $0.order.removeAll { $0 == id }
            return $0.works.removeValue(forKey: id)
        }
    }

    private func redraw() {
        let works = state.withLock { state in state.order.suffix(8).compactMap { state.works[$0] } }
        console.showLive(works.map(line))
    }

    private func line(_ work: Work) -> String {
        var parts = ["… " + aligned(work.label), padded(elapsed(work))]
        if let total = work.total, total > 0 {
            let percent = Int(100 * min(work.completed, total) / total)
            parts.append("\(percent) % of \(Quantities.bytes(total))")
        } else if let output = work.lastOutput {
            parts.append(ShownText.line(output))
        }
        return Quantities.cut(parts.joined(separator: "  "), to: max(20, console.messages.width - 1))
    }

    private func elapsed(_ work: Work) -> String {
        Quantities.duration(work.start.duration(to: .now))
    }

    /// As wide as the longest label, where the terminal has room for that.
    private func aligned(_ label: String) -> String {
        let width = min(state.withLock { $0.width }, max(0, console.messages.width - 26))
        return label + String(repeating: " ", count: max(0, width - label.count))
    }

    private func padded(_ time: String) -> String {
        String(repeating: " ", count: max(0, 6 - time.count)) + time
    }

    private func green(_ text: String) -> String {
        console.messages.color ? "\u{1B}[32m\(text)\u{1B}[0m" : text
    }
    private func red(_ text: String) -> String {
        console.messages.color ? "\u{1B}[31m\(text)\u{1B}[0m" : text
    }
    private func faint(_ text: String) -> String {
        console.messages.color ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}
