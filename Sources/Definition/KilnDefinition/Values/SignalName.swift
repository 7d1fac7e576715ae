import KilnDiagnostics

/// Signals that ask a process to end, without `SIG`.
enum SignalName {
    static let all = ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "ABRT", "KILL"]

    static func parse(_ text: String) throws(ValueError) -> String {
        guard !all.contains(text) else { return text }
        let bare =
            text.uppercased().hasPrefix("SIG") ? String(text.uppercased().dropFirst(3)) : text.uppercased()
        let hint = all.contains(bare) ? "write \(bare)" : Spelling.hint(for: bare, in: all)
        throw ValueError("bad-signal", "\"\(text)\" is no signal that ends a process", hint: hint)
    }
}
