import Glibc

/// How text may be shown on a stream: a terminal gets colour and live lines, a pipe gets plain lines.
struct TerminalStyle: Sendable {
    let isTerminal: Bool
    let color: Bool
    /// Columns; 80 where the terminal does not tell.
    let width: Int

    /// `NO_COLOR` (any value but empty) and `TERM=dumb` turn colour off.
    static func of(_ descriptor: Int32, environment: [String: String]) -> TerminalStyle {
        let isTerminal = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        let refused = !(environment["NO_COLOR"] ?? "").isEmpty
        return TerminalStyle(
            isTerminal: isTerminal,
            color: isTerminal && !refused,
            width: columns(of: descriptor)
        )
    }

    private static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
