import KilnAPI
import Testing

@Suite struct `An answer` {
    static let answers: [(text: String, status: Int, body: String, ends: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "", true),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end", false),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nB;x=y\r\n, you there\r\n0\r\n\r\n",
            200, "hello, you there", true
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: 1\r\n\r\nignored",
            200,
            "x", true
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", true),
    ]

    /// In one piece, and cut at every place.
    @Test(arguments: answers)
    func `is read however its bytes come`(text: String, status: Int, body: String, ends: Bool) throws {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var parser = AnswerParser(limit: 1000)
            var read = try parser.take(Array(bytes[..<cut]))
            read += try parser.take(Array(bytes[cut...]))
            #expect(parser.isComplete == ends)
            try parser.end()
            #expect(parser.isComplete && parser.status == status)
            #expect(String(decoding: read, as: UTF8.self) == body)
        }
        var parser = AnswerParser(limit: 1000)
        var read: [UInt8] = []
        for byte in bytes { read += try parser.take([byte]) }
        #expect(String(decoding: read, as: UTF8.self) == body)
    }

    static let broken: [(text: String, failure: AnswerParser.Failure)] = [
        ("", .noHTTP), ("SSH-2.0-OpenSSH_9.2\r\n", .noHTTP), ("HTTP/1.1 banana\r\n\r\n", .noHTTP),
        ("HTTP/1.1 200 OK\r\n", .noHTTP), ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .badLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", .cutOff),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", .bodyTooLong(limit: 1000)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", .badChunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", .badChunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", .badChunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", .cutOff),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 300),
            .badChunk
        ),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 1001), .bodyTooLong(limit: 1000)),
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000), .headTooLong),
    ]

    @Test(arguments: broken)
    func `that is none, or is cut off, is told as such`(text: String, failure: AnswerParser.Failure) {
        #expect(throws: failure) {
            var parser = AnswerParser(limit: 1000)
            _ = try parser.take(Array(text.utf8))
            try parser.end()
        }
    }
}
