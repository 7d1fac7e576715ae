/// Reads one HTTP/1.1 answer as its bytes come (RFC 9112): the head, then a body of a given length, in chunks, or up to
/// the end of the connection.
package struct AnswerParser: Sendable {
    package enum Failure: Error, Sendable, Hashable {
        case noHTTP
        case headTooLong
        case badLength
        case badChunk
        case bodyTooLong(limit: Int)
        /// The connection ended first.
        case cutOff
    }

    private enum State: Sendable, Hashable {
        case head
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case untilClose
        case complete
    }

    private static let longestHead = 64 << 10
    private static let longestLine = 256

    /// Of the final answer; informational ones (1xx) are skipped.
    package private(set) var status: Int?
    package var isComplete: Bool { state == .complete }

    private var state = State.head
    private var pending: [UInt8] = []
    private var received = 0
    private let limit: Int

    /// `limit` is the most bytes of a body.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes what came and gives what there is of the body in it. What follows the answer is ignored.
    package mutating func take(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        pending += bytes
        var body: [UInt8] = []
        while try step(&body) {}
        received += body.count
        guard received <= limit else { throw .bodyTooLong(limit: limit) }
        return body
    }

    /// The connection has ended.
    package mutating func end() throws(Failure) {
        if state == .untilClose { state = .complete }
        guard isComplete else { throw status == nil ? .noHTTP : .cutOff }
    }

    /// Whether something was done, so that more may be.
    private mutating func step(_ body: inout [UInt8]) throws(Failure) -> Bool {
        switch state {
        case .head: return try takeHead()
        case .body(let left): return takeBody(left, &body) { $0 == 0 ? .complete : .body(left: $0) }
        case .chunk(let left): return takeBody(left, &body) { $0 == 0 ? .chunkEnd : .chunk(left: $0) }
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            // What follows a semicolon is an extension, which nobody asked for.
            let digits = line.prefix { $0 != ";" }.filter { $0 != " " }
            guard digits.count <= 8, digits.allSatisfy(\.isHexDigit), let size = Int(digits, radix: 16) else {
                throw .badChunk
            }
            state = size == 0 ? .trailers : .chunk(left: size)
            return true
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw .badChunk }
            state = .chunkSize
            return true
        case .trailers:
            guard let line = try takeLine() else { return false }
            if line.isEmpty { state = .complete }
            return true
        case .untilClose:
            body += pending
            pending = []
            return false
        case .complete:
            pending = []
            return false
        }
    }

    private mutating func takeBody(_ left: Int, _ body: inout [UInt8], _ next: (Int) -> State) -> Bool {
        let part = pending.prefix(left)
        body += part
        pending.removeFirst(part.count)
        state = next(left - part.count)
        return left == part.count
    }

    /// Up to a line feed, without it and a carriage return before it; nil when it has not come yet.
    private mutating func takeLine() throws(Failure) -> String? {
        guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else {
            guard pending.count <= Self.longestLine else { throw .badChunk }
            return nil
        }
        var line = pending[..<end]
        guard line.count <= Self.longestLine else { throw .badChunk }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        pending.removeSubrange(...end)
        return text
    }

    private mutating func takeHead() throws(Failure) -> Bool {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = pending.firstRange(of: mark) else {
            guard pending.count <= Self.longestHead else { throw .headTooLong }
            let start = Array("HTTP/1.".utf8)
            guard start.starts(with: pending.prefix(start.count)) else { throw .noHTTP }
            return false
        }
        let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        pending.removeSubrange(..<end.upperBound)
        let words = lines.first.map { $0.split(separator: " ") } ?? []
        guard lines[0].hasPrefix("HTTP/1."), words.count >= 2, let code = Int(words[1]),
            (100...599).contains(code)
        else { throw .noHTTP }
        if code < 200 { return true }
        status = code
        state = try bodyState(Self.headers(lines.dropFirst()), code)
        return true
    }

    private static func headers(_ lines: some Sequence<Substring>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
            headers[line[..<colon].lowercased()] = value.lowercased()
        }
        return headers
    }

    private func bodyState(_ headers: [String: String], _ code: Int) throws(Failure) -> State {
        if code == 204 || code == 304 { return .complete }
        if headers["transfer-encoding"] == "chunked" { return .chunkSize }
        guard let text = headers["content-length"] else { return .untilClose }
        guard let length = Int(text), length >= 0 else { throw .badLength }
        guard length <= limit else { throw .bodyTooLong(limit: limit) }
        return length == 0 ? .complete : .body(left: length)
    }
}

/// Cuts a stream of bytes into lines of bytes, none of them longer than a limit.
struct ByteLines: Sendable {
    struct TooLong: Error {}

    static let longest = 16 << 20
    private var pending: [UInt8] = []

    mutating func split(_ bytes: [UInt8]) throws(TooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(pending + rest[..<end])
            pending = []
            rest = rest[(end + 1)...]
        }
        pending += rest
        guard pending.count <= Self.longest else { throw TooLong() }
        return lines
    }
}
