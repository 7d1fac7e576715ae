import Glibc
import KilnSystem
import Synchronization
import SystemPackage

/// Hands a script to a shell that reads what it runs piece by piece (dash, busybox), one line at a time, so that it is
/// known afterwards how far the shell came. Such shells offer nothing else to learn it by: Debian's dash has no LINENO.
///
/// It is a named pipe whose writes are packets (pipe(2), O_DIRECT): a read gives one of them, so a shell takes a line
/// only once it has run what stands before. A class: the thread that writes shares it with the one that asks.
final class ScriptFeed: Sendable {
    let path: FilePath
    private let bytes: [UInt8]
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        /// Holds what was written and not taken, once the writing end is closed.
        var reader: Int32 = -1
        var written = 0
    }

    /// fcntl(2) on Linux; the headers' macros do not reach Swift.
    private static let setPipeSize: Int32 = 1031
    #if arch(arm64)
    private static let packets: Int32 = 0o200000
    #else
    private static let packets: Int32 = 0o40000
    #endif
    /// What is written in one go, well below what any shell takes in one: a reader loses the rest of a packet that is
    /// longer than its buffer (busybox's has 1023 bytes). A longer line comes in several packets.
    private static let longest = 512
    /// Milliseconds between two looks for somebody who reads.
    private static let pause: Int32 = 2

    init(_ script: [UInt8], at path: FilePath) throws {
        guard mkfifo(path.string, 0o600) == 0 else { throw SystemError.last("create the pipe \(path)") }
        self.path = path
        bytes = script
    }

    deinit {
        let reader = state.withLock { $0.reader }
        if reader >= 0 { close(reader) }
    }

    /// Feeds whoever opens the pipe while the body runs.
    func during(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Blocking.wait { self.feed() } }
            defer { stop() }
            try await body()
        }
    }

    /// Blocks until the pipe was opened and all was written, or `stop`.
    private func feed() {
        guard let writer = openForReader() else { return }
        defer { close(writer) }
        // Now that there is a reader: one of our own never blocks, and what is left stays there to be counted.
        let reader = open(path.string, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        state.withLock { $0.reader = reader }
        _ = fcntl(writer, Self.setPipeSize, 1 << 20)
        guard fcntl(writer, F_SETFL, Self.packets | O_NONBLOCK) == 0 else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            let piece = rest[..<min(end, rest.startIndex + Self.longest)]
            guard write(piece, to: writer) else { return }
            rest = rest[piece.endIndex...]
        }
    }

    /// The writing end, once somebody opens the other one. Never waits in the kernel, where nothing would tell it that
    /// nobody comes any more.
    private func openForReader() -> Int32? {
        while !isStopped {
            let writer = open(path.string, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if writer >= 0 { return writer }
            guard errno == ENXIO || errno == EINTR else { return nil }
            poll(nil, 0, Self.pause)
        }
        return nil
    }

    private func write(_ piece: ArraySlice<UInt8>, to writer: Int32) -> Bool {
        while !isStopped {
            var wait = pollfd(fd: writer, events: Int16(POLLOUT), revents: 0)
            poll(&wait, 1, 100)
            let count = piece.withUnsafeBytes { Glibc.write(writer, $0.baseAddress, $0.count) }
            if count == piece.count {
                state.withLock { $0.written += count }
                return true
            }
            guard count < 0, errno == EAGAIN || errno == EINTR else { return false }
        }
        return false
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func stop() { state.withLock { $0.isStopped = true } }

    /// How many bytes of the script were read by now.
    var taken: Int {
        state.withLock { state in
            var left: Int32 = 0
            guard state.reader >= 0, ioctl(state.reader, UInt(FIONREAD), &left) == 0 else { return 0 }
            return max(0, state.written - Int(left))
        }
    }
}
