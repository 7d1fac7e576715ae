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
        guard let bytes = try? Files.read(FilePath("/proc/\(pid)/stat"), limit: 1 << 16) else { return nil }
        self.init(parsing: bytes)
    }

    /// The name in parentheses may hold anything; what follows the last one is the state and numbers.
    package init?(parsing line: [UInt8]) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)...].split { $0 <= UInt8(ascii: " ") }
        guard fields.count > 19, let state = fields[0].first, let session = Int32(bytes: fields[3]),
            let ticks = UInt64(bytes: fields[19])
        else { return nil }
        self.state = Character(UnicodeScalar(state))
        self.session = session
        startTicks = ticks
        let places = [23, 45, 47].compactMap { $0 < fields.count ? UInt64(bytes: fields[$0]) : nil }
        image = places.count == 3 && places.allSatisfy { $0 > 0 } ? places : nil
    }

    /// Ended, and waiting for its parent to take note.
    package var isCorpse: Bool { state == "Z" || state == "X" }
}

extension FixedWidthInteger {
    /// Of digits as the kernel writes them, without a text in between: what reads `/proc` every second does little else.
    package init?(bytes: ArraySlice<UInt8>, radix: Int = 10) {
        self.init(Substring(decoding: bytes, as: UTF8.self), radix: radix)
    }
}
