import Glibc

/// One connection of the load, with the errand that it is on.
struct Connection {
    enum Errand {
        /// Kept for a next request.
        case idle
        case request(Request)
        case talk(Talk)
    }

    struct Request {
        let kind: Tally.Kind
        let id: String?
        /// When it was due, on the load's clock; answers are timed from here, so that a stalled service counts whole.
        let due: Double
        let deadline: Double
        let keeps: Bool
        /// Whether the connection had served before.
        var isReused = false
        var isRetry = false
        var reader = AnswerReader()
    }

    /// A websocket (RFC 6455) that says numbers and hears them back.
    struct Talk {
        let due: Double
        let end: Double
        var deadline: Double
        var reader = AnswerReader()
        var isOpen = false
        var received: [UInt8] = []
        var said = 0
        var heard = 0
        var hasSaidClose = false
        var nextWord: Double
    }

    let descriptor: Int32
    var errand: Errand
    var outgoing: [UInt8]
    /// How much of it may go out by now, for paced bodies.
    var allowed: Int
    var sent = 0
    /// When a paced body began; nil for what goes out at once.
    var pace: (start: Double, headCount: Int, seconds: Double)?

    var isIdle: Bool { if case .idle = errand { true } else { false } }

    /// Sends what may go now. False when the connection is broken.
    mutating func send() -> Bool {
        let end = min(allowed, outgoing.count)
        while sent < end {
            let count = outgoing.withUnsafeBytes {
                Glibc.send(
                    descriptor,
                    $0.baseAddress.map { $0 + sent },
                    end - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count < 0 { return errno == EAGAIN || errno == ENOTCONN || errno == EINTR }
            sent += count
        }
        return true
    }

    var hasMoreToSend: Bool { sent < min(allowed, outgoing.count) }

    /// Lets more of a paced body go.
    mutating func advance(now: Double) {
        guard let pace, allowed < outgoing.count else { return }
        let part = min(1, (now - pace.start) / pace.seconds)
        allowed = pace.headCount + Int(Double(outgoing.count - pace.headCount) * part)
    }

    /// A connection to loopback that is being made. Sources differ, so that their ports do not run out.
    static func open(port: UInt16, number: Int) -> Int32? {
        let descriptor = socket(
            AF_INET,
            Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { return nil }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        // IP_BIND_ADDRESS_NO_PORT: the port is chosen when the other side is known.
        setsockopt(descriptor, Int32(IPPROTO_IP), 24, &one, socklen_t(MemoryLayout<Int32>.size))
        func address(_ last: Int, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = (UInt32(127) << 24 | UInt32(last)).bigEndian
            return address
        }
        func with(_ value: sockaddr_in, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: value) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        _ = with(address(2 + number % 16, 0)) { bind(descriptor, $0, $1) }
        guard with(address(1, port), { connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
