@preconcurrency import Dispatch
import Glibc
import KilnSystem
import SystemPackage

/// A connection to a Unix socket, closed by its last user.
final class ControlSocket: Sendable {  // a class: it closes its descriptor when nobody has it any more
    /// Nobody listens there.
    struct Absent: Error {}
    /// Nothing came, or nothing was taken, in time.
    struct Silent: Error {}

    private let descriptor: Int32
    private let path: FilePath

    /// Connects and sends; blocks, each call no longer than `limit`.
    init(_ path: FilePath, sending bytes: [UInt8], within limit: Duration) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last("open a socket") }
        self.descriptor = descriptor
        self.path = path
        var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
        try connect()
        try send(bytes)
    }

    deinit {
        close(descriptor)
    }

    private func connect() throws {
        let connected = try UnixAddress(path).with { Glibc.connect(descriptor, $0, $1) }
        guard connected != 0 else { return }
        switch errno {
        case ENOENT, ECONNREFUSED: throw Absent()
        case EAGAIN, EWOULDBLOCK, EINPROGRESS: throw Silent()
        default: throw SystemError.last("connect to \(path)")
        }
    }

    private func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN, EWOULDBLOCK: throw Silent()
            // What it had to say about so much is there to be read.
            case EPIPE, ECONNRESET: return
            default: throw SystemError.last("ask \(path)")
            }
        }
    }

    /// What comes next; empty at the end of the connection. Blocks no longer than the limit.
    func receive() throws -> [UInt8] {
        while true {
            var chunk = [UInt8](repeating: 0, count: 16_384)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count >= 0 { return Array(chunk[..<count]) }
            switch errno {
            case EINTR: continue
            case EAGAIN, EWOULDBLOCK: throw Silent()
            case ECONNRESET: return []
            default: throw SystemError.last("hear from \(path)")
            }
        }
    }

    /// Everything that comes, as it comes, up to the end of the connection; blocks no thread.
    ///
    /// Throws `Silent` when nothing came within the limit, or with `isWhole` when the end did not.
    func stream(within limit: Duration, isWhole: Bool) -> AsyncThrowingStream<[UInt8], any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
        let queue = DispatchQueue(label: "kiln.control")
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + .milliseconds(Int(limit / .milliseconds(1))))
        timer.setEventHandler { continuation.finish(throwing: Silent()) }
        source.setEventHandler {
            if !isWhole { timer.cancel() }
            do {
                // The source has seen that there is something, so this does not block.
                let bytes = try self.receive()
                if bytes.isEmpty { continuation.finish() } else { continuation.yield(bytes) }
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { _ in
            timer.cancel()
            source.cancel()
        }
        timer.activate()
        source.activate()
        return stream
    }
}
