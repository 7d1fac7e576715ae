import Glibc
import KilnSystem
package import SystemPackage

/// One process of one boot; its number alone would be somebody else's after a while.
package struct ProcessIdentity: Sendable, Hashable, Codable {
    package let pid: Int32
    /// Clock ticks since boot.
    package let startTicks: UInt64
    package let bootID: String

    /// nil when there is no such process, or only its corpse.
    package init?(pid: Int32) {
        guard let stat = ProcessStat(of: pid), !stat.isCorpse else { return nil }
        self.pid = pid
        startTicks = stat.startTicks
        bootID = BootInstant.bootID
    }

    /// Reads a file that holds a process number.
    package init?(file: FilePath) {
        guard let text = try? Files.readText(file),
            let pid = Int32(text.prefix { $0.isNumber })
        else { return nil }
        self.init(pid: pid)
    }

    package var isAlive: Bool { ProcessIdentity(pid: pid) == self }

    /// Sends the signal unless the process has ended.
    package func signal(_ number: Int32) {
        if isAlive { kill(pid, number) }
    }

    /// Whether the signal does anything to it: the kernel drops what the first process of a PID namespace has no handler for,
    /// except SIGKILL (pid_namespaces(7)).
    package func heeds(_ number: Int32) -> Bool {
        guard let text = try? Files.readText(FilePath("/proc/\(pid)/status")) else { return false }
        return Self.heeds(number, status: text)
    }

    /// Caught, ignored on purpose, or blocked (to be read later): a bit in one of the masks of `/proc/<pid>/status`.
    static func heeds(_ number: Int32, status: String) -> Bool {
        status.split(separator: "\n").contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count == 2, ["SigCgt:", "SigIgn:", "SigBlk:"].contains(fields[0]),
                let mask = UInt64(fields[1], radix: 16)
            else { return false }
            return mask & 1 << UInt64(number - 1) != 0
        }
    }

    /// The words that the process was started with.
    package static func arguments(of pid: Int32) -> [String] {
        guard let text = try? Files.readText(FilePath("/proc/\(pid)/cmdline")) else { return [] }
        return text.split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Whether the process runs one of these programs, by its file or by the name that it was started under: the file of
    /// a runtime that runs from a copy of itself in memory has another name.
    package static func runs(_ programs: Set<String>, _ pid: Int32) -> Bool {
        let file = ProcessLinks.target("exe", of: pid).map { FilePath($0.replacing(" (deleted)", with: "")) }
        return [file, arguments(of: pid).first.map { FilePath($0) }].contains { path in
            path?.lastComponent.map { programs.contains($0.string) } ?? false
        }
    }

    /// Every process of the machine that this process may see.
    package static func all() throws -> [Int32] {
        try Files.list("/proc").compactMap { Int32($0) }
    }
}
