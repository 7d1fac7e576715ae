import Glibc
import KilnFleet
import KilnSystem
import SystemPackage

/// One question over TCP with one limit for all of it. Blocks.
struct SocketProbe {
    private let address: String
    private let port: UInt16
    private let limit: Duration
    private let deadline: ContinuousClock.Instant

    init(address: String, port: UInt16, limit: Duration) {
        self.address = address
        self.port = port
        self.limit = limit
        deadline = .now.advanced(by: limit)
    }

    /// Passes when somebody accepts.
    func tcp() -> ProbeResult {
        switch connect() {
        case .success(let descriptor):
            close(descriptor)
            return .passed
        case .failure(let failure): return .failed(reason: failure.reason)
        }
    }

    /// Passes when the answer's status is from 200 to 399.
    func http(path: String, host: String) -> ProbeResult {
        let descriptor: Int32
        switch connect() {
        case .success(let connected): descriptor = connected
        case .failure(let failure): return .failed(reason: failure.reason)
        }
        defer { close(descriptor) }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: kiln-health\r\nConnection: close\r\n\r\n"
                .utf8
        )
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return .failed(reason: Self.words(errno))
        }
        switch statusLine(descriptor) {
        case .success(let line): return Self.verdict(line)
        case .failure(let failure): return .failed(reason: failure.reason)
        }
    }

    static func verdict(_ line: String) -> ProbeResult {
        let words = line.split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else {
            return .failed(reason: "the answer is not HTTP")
        }
        return (200...399).contains(status) ? .passed : .failed(reason: "HTTP \(status)")
    }

    /// Status and body of the answer, the body up to a MiB. HTTP/1.0, so that the body comes as it is.
    func exchange(path: String, host: String) -> Result<(status: Int, body: String), Failure> {
        connect().flatMap { descriptor in
            defer { close(descriptor) }
            let request = Array("GET \(path) HTTP/1.0\r\nHost: \(host)\r\nUser-Agent: kiln-test\r\n\r\n".utf8)
            guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
                return .failure(Failure(reason: Self.words(errno)))
            }
            return everything(descriptor).flatMap(Self.answer)
        }
    }

    private static func answer(_ bytes: [UInt8]) -> Result<(status: Int, body: String), Failure> {
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix { $0 != "\r\n" && $0 != "\n" }.split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else {
            return .failure(
                Failure(reason: bytes.isEmpty ? "closed without an answer" : "the answer is not HTTP")
            )
        }
        let body = text.firstRange(of: "\r\n\r\n") ?? text.firstRange(of: "\n\n")
        return .success((status, body.map { String(text[$0.upperBound...]) } ?? ""))
    }

    private func everything(_ descriptor: Int32) -> Result<[UInt8], Failure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1 << 20 {
            guard wait(descriptor, for: Int16(POLLIN)) else { return .failure(Failure(reason: late)) }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            // A server that is done may reset the connection: what came counts.
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return .success(bytes)
    }

    struct Failure: Error {
        let reason: String
    }

    private func connect() -> Result<Int32, Failure> {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { return .failure(Failure(reason: Self.words(errno))) }
        var peer = sockaddr_in()
        peer.sin_family = sa_family_t(AF_INET)
        peer.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &peer.sin_addr)
        let status = withUnsafePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var failure: Int32 = status == 0 ? 0 : errno
        if failure == EINPROGRESS {
            failure = wait(descriptor, for: Int16(POLLOUT)) ? 0 : ETIMEDOUT
            var size = socklen_t(MemoryLayout<Int32>.size)
            if failure == 0 { getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) }
        }
        guard failure == 0 else {
            close(descriptor)
            return .failure(Failure(reason: failure == ETIMEDOUT ? late : Self.words(failure)))
        }
        return .success(descriptor)
    }

    private func statusLine(_ descriptor: Int32) -> Result<String, Failure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while !bytes.contains(UInt8(ascii: "\n")), bytes.count < 4_096 {
            guard wait(descriptor, for: Int16(POLLIN)) else { return .failure(Failure(reason: late)) }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else {
                return .failure(Failure(reason: count == 0 ? "closed without an answer" : Self.words(errno)))
            }
            bytes += chunk[..<count]
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        return .success(String(decoding: line, as: UTF8.self))
    }

    /// False when the time is up.
    private func wait(_ descriptor: Int32, for events: Int16) -> Bool {
        let left = ContinuousClock.now.duration(to: deadline).inNanoseconds / 1_000_000
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&entry, 1, Int32(clamping: max(0, left))) > 0
    }

    private var late: String { "no answer within \(limit.formattedForPeople)" }

    private static func words(_ code: Int32) -> String {
        Errno(rawValue: code).description.lowercased()
    }
}
