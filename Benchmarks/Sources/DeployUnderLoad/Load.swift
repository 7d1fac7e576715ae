import BenchmarkCommands
import Glibc
import Synchronization

/// A load on one port of loopback, until it is told to end; what is under way then is waited for.
///
/// Open loop: a request is sent when it is due. Nothing is tried twice, but a GET on a kept connection that was closed
/// before it got there.
struct Load {
    private let mix: Mix
    private let port: UInt16
    private let name: String
    private let start: Double
    private var connections: [Int32: Connection] = [:]
    /// Kept connections, the one used last on top.
    private var idle: [Int32] = []
    private var tally = Tally()
    private var number = 0
    private var opened = 0
    private var isEnding = false
    private var nextTick = 0.0
    /// When a failure was told last.
    private var lastTold = -1.0

    private static let tick = 0.02
    private static let patience = 15.0

    /// Ids of posts begin with the name.
    init(_ mix: Mix, port: UInt16, name: String) {
        self.mix = mix
        self.port = port
        self.name = name
        start = Self.now()
    }

    mutating func run(until stop: borrowing Atomic<Bool>) -> Tally {
        while true {
            let now = Self.now()
            if !isEnding, stop.load(ordering: .relaxed) { isEnding = true }
            if isEnding, !connections.values.contains(where: { !$0.isIdle }) { break }
            if !isEnding { sendDue(now) }
            if now >= nextTick {
                everyTick(now)
                nextTick = now + Self.tick
            }
            var descriptors = connections.values.map { connection in
                pollfd(
                    fd: connection.descriptor,
                    events: Int16(connection.hasMoreToSend ? POLLIN | POLLOUT : POLLIN),
                    revents: 0
                )
            }
            guard poll(&descriptors, nfds_t(descriptors.count), 1) > 0 else { continue }
            for descriptor in descriptors where descriptor.revents != 0 { happened(descriptor) }
        }
        for connection in connections.values { close(connection.descriptor) }
        tally.duration = Self.now() - start
        return tally
    }

    private mutating func sendDue(_ now: Double) {
        while start + Double(number) / Double(mix.rate) <= now {
            let due = start + Double(number) / Double(mix.rate)
            number += 1
            let keeps = number % 2 == 0
            if let post = mix.post, number % Mix.postEvery == 0 {
                let id = "\(name)-\(number)"
                let body = [UInt8](repeating: 0x61, count: Mix.postSize)
                tally.unanswered.insert(id)
                // Never on a connection that may be closing: nobody could say whether it arrived.
                request(
                    .post,
                    post.method,
                    post.path.replacing("#", with: id),
                    body,
                    id: id,
                    due: due,
                    keeps: false
                )
            } else {
                request(.short, "GET", mix.path, due: due, keeps: keeps)
            }
        }
    }

    /// Keeps the sessions that are always under way at their number, paces bodies, says the next words.
    private mutating func everyTick(_ now: Double) {
        var running: [Tally.Kind: Int] = [:]
        for (descriptor, connection) in connections {
            switch connection.errand {
            case .idle: continue
            case .request(let request):
                running[request.kind, default: 0] += 1
                if now > request.deadline {
                    fail(descriptor, "no answer in \(Int(request.deadline - request.due)) s")
                    continue
                }
            case .talk(let talk):
                running[.talk, default: 0] += 1
                if now > talk.deadline {
                    fail(descriptor, "no word")
                    continue
                }
                if talk.isOpen { say(descriptor, now) }
            }
            connections[descriptor]?.advance(now: now)
            push(descriptor)
        }
        guard !isEnding else { return }
        if let path = mix.slowPath, running[.slow, default: 0] < mix.slow {
            request(.slow, "GET", path, due: now, keeps: false, patience: Double(mix.slowSeconds))
        }
        if let upload = mix.upload, running[.upload, default: 0] < mix.uploads {
            number += 1
            let path = upload.path.replacing("#", with: "\(name)-upload-\(number)")
            let body = [UInt8](repeating: 0x62, count: mix.uploadSize)
            request(.upload, upload.method, path, body, due: now, keeps: false, patience: mix.uploadSeconds)
        }
        if let path = mix.talkPath, running[.talk, default: 0] < mix.talks { talk(path, now) }
    }

    private mutating func request(
        _ kind: Tally.Kind,
        _ method: String,
        _ path: String,
        _ body: [UInt8] = [],
        id: String? = nil,
        due: Double,
        keeps: Bool,
        patience: Double = 0,
        isRetry: Bool = false
    ) {
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Connection: \(keeps ? "keep-alive" : "close")\r
            \(body.isEmpty ? "" : "Content-Length: \(body.count)\r\n")\r

            """
        var request = Connection.Request(
            kind: kind,
            id: id,
            due: due,
            deadline: Self.now() + patience + Self.patience,
            keeps: keeps,
            isRetry: isRetry
        )
        let text = Array(head.utf8)
        if keeps, !isRetry, let descriptor = idle.popLast() {
            request.isReused = true
            connections[descriptor]?.errand = .request(request)
            connections[descriptor]?.outgoing = text
            connections[descriptor]?.allowed = text.count
            connections[descriptor]?.sent = 0
            return push(descriptor)
        }
        let isPaced = kind == .upload
        open(
            kind,
            Connection(
                descriptor: -1,
                errand: .request(request),
                outgoing: text + body,
                allowed: isPaced ? text.count : text.count + body.count,
                pace: isPaced ? (due, text.count, patience) : nil
            )
        )
    }

    private mutating func talk(_ path: String, _ now: Double) {
        let head = """
            GET \(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r

            """
        let talk = Connection.Talk(
            due: now,
            end: now + mix.talkSeconds,
            deadline: now + Self.patience,
            nextWord: now
        )
        let text = Array(head.utf8)
        open(.talk, Connection(descriptor: -1, errand: .talk(talk), outgoing: text, allowed: text.count))
    }

    private mutating func open(_ kind: Tally.Kind, _ connection: Connection) {
        opened += 1
        guard let descriptor = Connection.open(port: port, number: opened) else {
            return failed(kind, "cannot connect: \(String(cString: strerror(errno)))")
        }
        connections[descriptor] = Connection(
            descriptor: descriptor,
            errand: connection.errand,
            outgoing: connection.outgoing,
            allowed: connection.allowed,
            pace: connection.pace
        )
    }

    private mutating func push(_ descriptor: Int32) {
        guard var connection = connections[descriptor], connection.hasMoreToSend else { return }
        let works = connection.send()
        connections[descriptor] = connection
        if !works { broken(descriptor, "connection lost while sending") }
    }

    private mutating func happened(_ event: pollfd) {
        let descriptor = event.fd
        if event.revents & Int16(POLLOUT) != 0 { push(descriptor) }
        guard event.revents & ~Int16(POLLOUT) != 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while connections[descriptor] != nil {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                received(descriptor, buffer[..<count])
            } else if count == 0 {
                return closed(descriptor)
            } else {
                if errno == EINTR { continue }
                if errno != EAGAIN { broken(descriptor, String(cString: strerror(errno))) }
                return
            }
        }
    }

    private mutating func received(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) {
        switch connections[descriptor]?.errand {
        case .request(var request):
            let state = request.reader.take(bytes)
            connections[descriptor]?.errand = .request(request)
            took(state, request, descriptor)
        case .talk(var talk):
            if talk.isOpen {
                talk.received += bytes
                connections[descriptor]?.errand = .talk(talk)
                hear(descriptor)
            } else {
                let state = talk.reader.take(bytes)
                if case .complete(101, _) = state { talk.isOpen = true }
                connections[descriptor]?.errand = .talk(talk)
                switch state {
                case .complete(let status, _) where status != 101: fail(descriptor, "status \(status)")
                case .malformed: fail(descriptor, "malformed answer")
                default: break
                }
            }
        default: drop(descriptor)
        }
    }

    private mutating func took(
        _ state: AnswerReader.State,
        _ request: Connection.Request,
        _ descriptor: Int32
    ) {
        switch state {
        case .incomplete: return
        case .malformed: fail(descriptor, "malformed answer")
        case .complete(let status, _) where !isGood(status, request.kind):
            fail(descriptor, "status \(status)")
        case .complete(_, let isKept):
            tally.answered(request.kind, after: Self.now() - request.due)
            if let id = request.id {
                tally.unanswered.remove(id)
                tally.acknowledged.insert(id)
            }
            guard request.keeps, isKept else { return drop(descriptor) }
            connections[descriptor]?.errand = .idle
            idle.append(descriptor)
        }
    }

    private func isGood(_ status: Int, _ kind: Tally.Kind) -> Bool {
        if kind == .post, let post = mix.post { return status == post.status }
        return (200..<300).contains(status)
    }

    private mutating func closed(_ descriptor: Int32) {
        guard case .request(let request) = connections[descriptor]?.errand else {
            return broken(descriptor, "connection closed")
        }
        let state = request.reader.atEnd()
        if state == .malformed {
            broken(descriptor, "connection closed")
        } else {
            took(state, request, descriptor)
        }
    }

    /// An idle connection may be closed; a GET that raced with that is sent again.
    private mutating func broken(_ descriptor: Int32, _ reason: String) {
        if case .request(let request) = connections[descriptor]?.errand, request.kind == .short,
            request.isReused,
            !request.isRetry, !request.reader.hasBegun
        {
            drop(descriptor)
            tally.retried += 1
            return self.request(.short, "GET", mix.path, due: request.due, keeps: true, isRetry: true)
        }
        fail(descriptor, reason)
    }

    private mutating func fail(_ descriptor: Int32, _ reason: String) {
        switch connections[descriptor]?.errand {
        case .request(let request): failed(request.kind, reason)
        case .talk: failed(.talk, reason)
        case .idle, nil: break
        }
        drop(descriptor)
    }

    /// Told between the lines of the deploys, once a second, so that it is seen what was going on.
    private mutating func failed(_ kind: Tally.Kind, _ reason: String) {
        tally.failed(kind, reason)
        let now = Self.now()
        if now - lastTold < 1 { return }
        lastTold = now
        complain("load \(name), after \(fixed(now - start, 3)) s: \(kind.rawValue): \(reason)")
    }

    private mutating func drop(_ descriptor: Int32) {
        guard let connection = connections.removeValue(forKey: descriptor) else { return }
        if connection.isIdle { idle.removeAll { $0 == descriptor } }
        close(descriptor)
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

// Websockets.
extension Load {
    /// The next number, or that it is over.
    private mutating func say(_ descriptor: Int32, _ now: Double) {
        guard case .talk(var talk) = connections[descriptor]?.errand, now >= talk.nextWord, !talk.hasSaidClose
        else {
            return
        }
        if now >= talk.end {
            guard talk.heard == talk.said else { return }
            talk.hasSaidClose = true
            frame(descriptor, opcode: 8, [0x03, 0xe8])
        } else {
            talk.said += 1
            talk.nextWord = now + 0.1
            frame(descriptor, opcode: 1, Array(String(talk.said).utf8))
        }
        talk.deadline = now + Self.patience
        connections[descriptor]?.errand = .talk(talk)
    }

    /// Masked by zeros, as a client's frames are by something (RFC 6455, 5.3).
    private mutating func frame(_ descriptor: Int32, opcode: UInt8, _ payload: [UInt8]) {
        connections[descriptor]?.outgoing =
            [0x80 | opcode, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
        connections[descriptor]?.sent = 0
        connections[descriptor]?.allowed = payload.count + 6
        push(descriptor)
    }

    private mutating func hear(_ descriptor: Int32) {
        while case .talk(var talk) = connections[descriptor]?.errand, talk.received.count >= 2 {
            let count = Int(talk.received[1] & 0x7f)
            guard count < 126 else { return fail(descriptor, "unexpected frame") }
            guard talk.received.count >= 2 + count else { return }
            let opcode = talk.received[0] & 0x0f
            let payload = Array(talk.received[2..<(2 + count)])
            talk.received.removeFirst(2 + count)
            switch opcode {
            case 1:
                talk.heard += 1
                guard payload == Array(String(talk.heard).utf8) else {
                    return fail(descriptor, "another word")
                }
                connections[descriptor]?.errand = .talk(talk)
            case 8:
                guard talk.hasSaidClose else { return fail(descriptor, "closed by the other side") }
                tally.answered(.talk, after: Self.now() - talk.due)
                return drop(descriptor)
            default: connections[descriptor]?.errand = .talk(talk)
            }
        }
    }
}
