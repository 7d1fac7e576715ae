import Glibc
import KilnDiagnostics
import KilnSystem
import Synchronization
import SystemPackage

/// Writes to the two standard streams; the only place that does. Results go to stdout, everything else to stderr.
final class Console: Sendable {  // a class: all tasks of a command share the one pair of streams
    let output: TerminalStyle
    let messages: TerminalStyle
    private let live = Mutex(LiveArea())
    /// Why a result could not be written; 0 while all could.
    private let resultFailure = Atomic<Int32>(0)
    /// Whether diagnostics are lines of JSON, as progress is.
    private let speaksJSON = Atomic<Bool>(false)

    init(environment: [String: String]) {
        output = .of(STDOUT_FILENO, environment: environment)
        messages = .of(STDERR_FILENO, environment: environment)
    }

    /// The reader of the results has gone (`kiln logs -f | head`): nobody waits for more.
    var isReaderGone: Bool { resultFailure.load(ordering: .relaxed) == EPIPE }

    /// The results did not arrive: a full disk, a broken device. A reader that has gone wanted no more of them.
    var resultError: SystemError? {
        let number = resultFailure.load(ordering: .relaxed)
        return number == 0 || number == EPIPE ? nil : SystemError("write the result", Errno(rawValue: number))
    }

    /// From here on diagnostics are lines of JSON.
    func speakJSON() {
        speaksJSON.store(true, ordering: .relaxed)
    }

    /// Leaves the terminal to somebody else while the body runs; what is said meanwhile is said afterwards.
    func suspended<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        live.withLock { area in
            area.erase()
            area.held = []
        }
        defer {
            live.withLock { area in
                let held = area.held ?? []
                area.held = nil
                if !held.isEmpty { Self.write(held.joined(separator: "\n") + "\n", to: STDERR_FILENO) }
                area.draw()
            }
        }
        return try await body()
    }

    /// A result, with a newline added.
    func result(_ text: String) {
        live.withLock { area in
            area.erase()
            let failure = Self.write(text + "\n", to: STDOUT_FILENO)
            if failure != 0 { resultFailure.store(failure, ordering: .relaxed) }
            area.draw()
        }
    }

    /// A part of a result as it is: what a terminal is drawn with.
    func raw(_ text: String) {
        let failure = Self.write(text, to: STDOUT_FILENO)
        if failure != 0 { resultFailure.store(failure, ordering: .relaxed) }
    }

    /// A line for the person at the terminal.
    func message(_ text: String) {
        live.withLock { area in
            if area.held != nil {
                area.held?.append(text)
                return
            }
            area.erase()
            Self.write(text + "\n", to: STDERR_FILENO)
            area.draw()
        }
    }

    /// Shows the first twenty: what is past them is mostly their consequence.
    func show(_ diagnostics: [Diagnostic]) {
        guard !diagnostics.isEmpty else { return }
        if speaksJSON.load(ordering: .relaxed) {
            for diagnostic in diagnostics { JSONProgress(console: self).receive(.diagnostic(diagnostic)) }
            return
        }
        let limit = 20
        message(DiagnosticRenderer(color: messages.color).render(Array(diagnostics.prefix(limit))))
        if diagnostics.count > limit { message("and \(diagnostics.count - limit) more") }
    }

    /// Replaces the lines that stand at the bottom of the terminal.
    func showLive(_ lines: [String]) {
        live.withLock { area in
            area.erase()
            area.lines = lines
            area.draw()
        }
    }

    /// Gives 0, or why not everything was written.
    @discardableResult
    fileprivate static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                    continue
                default: return errno
                }
            }
            bytes = bytes.dropFirst(count)
        }
        return 0
    }
}

/// Lines at the bottom of the terminal that are drawn over and over.
private struct LiveArea {
    var lines: [String] = []
    /// Messages that wait while the terminal is somebody else's; nil while it is ours.
    var held: [String]?
    private var drawn = 0

    mutating func erase() {
        guard drawn > 0 else { return }
        Console.write("\u{1B}[\(drawn)A\u{1B}[J", to: STDERR_FILENO)
        drawn = 0
    }

    mutating func draw() {
        guard !lines.isEmpty, held == nil else { return }
        Console.write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
        drawn = lines.count
    }
}
