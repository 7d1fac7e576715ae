import Glibc
import KilnFleet
import KilnOCI
import KilnSystem

/// `kiln status --watch`: a terminal shows the state in place, a pipe gets what changed.
struct StatusWatch {
    private static let interval = Duration.seconds(1)

    let context: CommandContext
    let format: OutputFormat
    let look: () async throws -> [FleetStatus]

    init(context: CommandContext, format: OutputFormat, look: @escaping () async throws -> [FleetStatus]) {
        self.context = context
        self.format = format
        self.look = look
    }

    /// Until Ctrl-C, which is how watching ends, or until nobody reads any more.
    func run() async throws {
        let isLive = format == .text && context.console.output.isTerminal
        var screen = StatusScreen()
        var told = ToldLines()
        if isLive { context.console.raw(StatusScreen.begin) }
        defer { if isLive { context.console.raw(StatusScreen.end) } }
        do {
            while !context.console.isReaderGone, context.console.resultError == nil {
                let statuses = try await look()
                if isLive {
                    let size = TerminalSize.of(STDOUT_FILENO)
                    context.console.raw(screen.frame(lines(statuses), size))
                } else if format == .json {
                    let text = String(decoding: try CanonicalJSON.encode(["fleets": statuses]), as: UTF8.self)
                    for line in told.changes(in: [text]) { context.console.result(line) }
                } else {
                    let time = WallClock.format(WallClock.now)
                    let lines = statuses.flatMap { StatusText($0).news }
                    for line in told.changes(in: lines) { context.console.result("\(time)  \(line)") }
                }
                try await Task.sleep(for: Self.interval)
            }
        } catch {
            // What a look was in the middle of may say so in words of its own.
            guard error is CancellationError || Task.isCancelled else { throw error }
        }
    }

    private func lines(_ statuses: [FleetStatus]) -> [String] {
        let head = "\(WallClock.format(WallClock.now))  Ctrl-C ends"
        guard !statuses.isEmpty else { return [head, "", "no fleets yet: kiln deploy FLEET starts one"] }
        let texts = statuses.map { StatusText($0).text(color: false) }
        return [head, ""]
            + texts.joined(separator: "\n\n").split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init
            )
    }
}

/// Lines and columns of a terminal.
struct TerminalSize {
    let rows: Int
    let columns: Int

    /// 24 by 80 where the terminal does not tell. Asked each time: windows are resized.
    static func of(_ descriptor: Int32) -> TerminalSize {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
            return TerminalSize(rows: 24, columns: 80)
        }
        return TerminalSize(rows: Int(size.ws_row), columns: Int(size.ws_col))
    }
}

/// Draws lines over the ones that it drew before. Each is written over and then cleared to its end, in one write, so that
/// nothing is ever blank in between.
struct StatusScreen {
    /// Hides the cursor, and shows it again.
    static let begin = "\u{1B}[?25l"
    static let end = "\u{1B}[?25h"

    private var drawn = 0

    mutating func frame(_ lines: [String], _ size: TerminalSize) -> String {
        // A line that wraps, or one too many that scrolls, would move what is drawn over.
        let room = max(1, size.rows - 1)
        let shown = lines.prefix(room).map { String($0.prefix(size.columns - 1)) }
        let up = drawn > 0 ? "\u{1B}[\(min(drawn, room))A" : ""
        drawn = shown.count
        return "\r\(up)" + shown.map { "\($0)\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}

/// The lines that were shown last, so that only others are shown.
struct ToldLines {
    private var last: Set<String> = []

    /// Those that were not among the last ones, in their order.
    mutating func changes(in lines: [String]) -> [String] {
        defer { last = Set(lines) }
        return lines.filter { !last.contains($0) }
    }
}
