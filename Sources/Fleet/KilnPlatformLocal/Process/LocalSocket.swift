import Glibc
import KilnSystem
import SystemPackage

/// One question and its answer over a Unix socket whose other end closes when it has said all.
enum LocalSocket {
    static func ask(
        _ path: FilePath,
        _ question: String,
        timeout: Duration = .seconds(5)
    ) async throws -> String {
        try await Blocking.wait { try askBlocking(path, question, timeout) }
    }

    private static func askBlocking(
        _ path: FilePath,
        _ question: String,
        _ timeout: Duration
    ) throws -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last("open a socket") }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard try UnixAddress(path).with({ connect(descriptor, $0, $1) }) == 0 else {
            throw SystemError.last("connect to \(path)")
        }
        let bytes = Array("\(question)\n".utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw SystemError.last("ask \(path)")
        }
        // Some close only when they know that no more questions come.
        shutdown(descriptor, Int32(SHUT_WR))
        return try readAll(descriptor, path)
    }

    private static func readAll(_ descriptor: Int32, _ path: FilePath) throws -> String {
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while answer.count < 64 << 20 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count >= 0 else { throw SystemError.last("hear from \(path)") }
            if count == 0 { break }
            answer += chunk[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
