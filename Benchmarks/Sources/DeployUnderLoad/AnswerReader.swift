/// Reads one HTTP/1.1 answer out of bytes as they come (RFC 9112). Bodies are counted, not kept.
struct AnswerReader {
    enum State: Equatable {
        case incomplete
        case complete(status: Int, keepsConnection: Bool)
        case malformed
    }

    private var head: [UInt8] = []
    private var body = Body.unknown
    private var status = 0
    private var keepsConnection = true

    private enum Body {
        case unknown
        case left(Int)
        /// The last bytes, to find the empty chunk and its end.
        case chunked(tail: [UInt8])
        case untilClose
    }

    /// Whether anything came.
    var hasBegun: Bool { !head.isEmpty }

    mutating func take(_ bytes: ArraySlice<UInt8>) -> State {
        guard case .unknown = body else { return takeBody(bytes) }
        let old = head.count
        head += bytes
        guard let end = headEnd(from: max(0, old - 3)) else {
            return head.count > 65_536 ? .malformed : .incomplete
        }
        let rest = head[end...]
        guard read(String(decoding: head[..<end], as: UTF8.self)) else { return .malformed }
        return takeBody(rest)
    }

    /// What an answer without a length means once the connection is closed.
    func atEnd() -> State {
        if case .untilClose = body { return .complete(status: status, keepsConnection: false) }
        return .malformed
    }

    private func headEnd(from start: Int) -> Int? {
        guard head.count >= 4 else { return nil }
        for index in start...(head.count - 4) where head[index] == 13 {
            if head[index + 1] == 10, head[index + 2] == 13, head[index + 3] == 10 { return index + 4 }
        }
        return nil
    }

    private mutating func read(_ text: String) -> Bool {
        var lines = text.split(separator: "\r\n")
        guard let first = lines.first, first.hasPrefix("HTTP/1."),
            let number = Int(first.dropFirst(9).prefix(3))
        else { return false }
        lines.removeFirst()
        status = number
        keepsConnection = first.hasPrefix("HTTP/1.1")
        body = status == 101 || status == 204 || status == 304 ? .left(0) : .untilClose
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return false }
            let value = parts[1].drop { $0 == " " }.lowercased()
            switch parts[0].lowercased() {
            case "content-length":
                guard let length = Int(value) else { return false }
                body = .left(length)
            case "transfer-encoding" where value == "chunked": body = .chunked(tail: [])
            case "connection": keepsConnection = value != "close"
            default: break
            }
        }
        return true
    }

    private mutating func takeBody(_ bytes: ArraySlice<UInt8>) -> State {
        switch body {
        case .left(let left):
            guard bytes.count <= left else { return .malformed }
            body = .left(left - bytes.count)
            return left == bytes.count
                ? .complete(status: status, keepsConnection: keepsConnection) : .incomplete
        case .chunked(let tail):
            let end = Array((tail + bytes).suffix(5))
            body = .chunked(tail: end)
            let isOver = end == Array("0\r\n\r\n".utf8)
            return isOver ? .complete(status: status, keepsConnection: keepsConnection) : .incomplete
        case .unknown, .untilClose: return .incomplete
        }
    }
}
