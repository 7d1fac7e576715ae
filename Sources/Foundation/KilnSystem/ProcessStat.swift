import SystemPackage

/// What a `/proc/<pid>/stat` line says of a process (proc(5)).
package struct ProcessStat: Sendable, Hashable {
    package let state: Character
    /// The process that began the session that it is in; a session outlives that process.
    package let session: Int32
    /// Clock ticks between boot and its start.
    package let startTicks: UInt64
    /// Where its code, arguments and variables lie, which every execve(2) moves; nil for who may not know.
    package let image: [UInt64]?

    /// nil when there is no such process.
    package init?(of pid: Int32) {
        guard let text = try? Files.readText(FilePath("/proc/\(pid)/stat"), limit: 1 << 16) else {
            return nil
        }
        self.init(parsing: text)
    }

    /// The name in parentheses may hold anything; what follows the last one is the state and numbers.
    package init?(parsing text: String) {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 19, let state = fields[0].first, let session = Int32(fields[3]),
            let ticks = UInt64(fields[19])
        else { return nil }
        self.state = state
        self.session = session
        startTicks = ticks
        let places = [23, 45, 47].compactMap { $0 < fields.count ? UInt64(fields[$0]) : nil }
        image = places.count == 3 && places.allSatisfy { $0 > 0 } ? places : nil
    }

    /// Ended, and waiting for its parent to take note.
    package var isCorpse: Bool { state == "Z" || state == "X" }
}
