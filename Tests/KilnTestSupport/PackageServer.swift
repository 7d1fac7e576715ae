import KilnSystem
import Synchronization
package import SystemPackage

/// A small HTTP server on loopback that can be told to misbehave.
package final class PackageServer: Sendable {  // a class: the server's task and the test share its log
    package let url: String
    private let log = Mutex<[String]>([])
    private let control: FilePath

    private init(port: String, control: FilePath) {
        url = "http://127.0.0.1:\(port)"
        self.control = control
    }

    /// Paths and ranges, in the order asked for.
    package var requests: [String] { log.withLock { $0 } }

    /// Sends so many bytes of each file and then nothing more; nil sends all.
    package func stall(after bytes: Int?) {
        tell("stall", bytes.map(String.init))
    }

    /// Answers with this status whatever has the part in its path.
    package func fail(_ part: String, status: Int) {
        tell("fail", "\(status) \(part)")
    }

    /// Sends whoever asks for what has the part in its path elsewhere.
    package func redirect(_ part: String, to url: String) {
        tell("redirect", "\(url) \(part)")
    }

    /// Ends each answer after so many bytes, whatever length it promised; nil sends all.
    package func truncate(after bytes: Int?) {
        tell("truncate", bytes.map(String.init))
    }

    /// Sends zeros without a length and without an end for whatever has the part in its path.
    package func flood(_ part: String) {
        tell("flood", part)
    }

    private func tell(_ name: String, _ text: String?) {
        let file = control.appending(name)
        if let text { try? Files.write(text, to: file) } else { try? Files.remove(file) }
    }

    package static func with(
        _ root: FilePath,
        resumes: Bool = true,
        login: String = "",
        _ body: (PackageServer) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with(in: "/tmp", prefix: "kiln-server-") { control in
            let invocation = ToolInvocation(
                "python3",
                ["-u", "-c", script, root.string, control.string, resumes ? "1" : "0", login]
            )
            try await serve(invocation, control, body)
        }
    }

    private static func serve(
        _ invocation: ToolInvocation,
        _ control: FilePath,
        _ body: (PackageServer) async throws -> Void
    ) async throws {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                _ = try await ToolRunner().stream(invocation) { continuation.yield($0) }
            }
            var iterator = lines.makeAsyncIterator()
            guard let port = await iterator.next() else { throw SystemError("start a server", .ioError) }
            let server = PackageServer(port: port, control: control)
            group.addTask {
                for await line in lines { server.log.withLock { $0.append(line) } }
            }
            defer { group.cancelAll() }
            try await body(server)
        }
    }

    private static let script = """
        import base64, hashlib, http.server, os, re, sys, time, urllib.parse
        root, control, resumes, login = sys.argv[1:5]

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words):
                pass

            def told(self, name):
                path = os.path.join(control, name)
                return open(path).read() if os.path.exists(path) else ""

            def tag(self, data):
                return '"%s"' % hashlib.sha256(data).hexdigest()[:16]

            def do_HEAD(self):
                path = root + urllib.parse.unquote(self.path)
                status, _, part = self.told("fail").partition(" ")
                print("HEAD " + self.path)
                if status and part in self.path:
                    return self.answer(int(status), b"")
                if not os.path.isfile(path):
                    return self.answer(404, b"")
                data = open(path, "rb").read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("ETag", self.tag(data))
                self.send_header("Last-Modified", "Wed, 25 Nov 2026 07:28:00 GMT")
                self.end_headers()

            def do_GET(self):
                wanted = self.headers.get("Range", "")
                print(self.path + (" " + wanted if wanted else ""))
                auth = "Basic " + base64.b64encode(login.encode()).decode()
                path = root + urllib.parse.unquote(self.path)
                if login and self.headers.get("Authorization") != auth:
                    return self.answer(401, b"")
                status, _, part = self.told("fail").partition(" ")
                if status and part in self.path:
                    return self.answer(int(status), b"")
                target, _, part = self.told("redirect").partition(" ")
                if target and part in self.path:
                    return self.answer(302, b"", location=target)
                if self.told("flood") and self.told("flood") in self.path:
                    return self.flood()
                if not os.path.isfile(path):
                    return self.answer(404, b"none")
                data = open(path, "rb").read()
                start = re.match(r"bytes=(\\d+)-", wanted)
                if self.headers.get("If-Range", self.tag(data)) != self.tag(data):
                    start = None
                if start and resumes == "1":
                    first = int(start.group(1))
                    if first >= len(data):
                        return self.answer(416, b"")
                    extra = "bytes %d-%d/%d" % (first, len(data) - 1, len(data))
                    return self.answer(206, data[first:], extra, tag=self.tag(data))
                self.answer(200, data, tag=self.tag(data))

            def answer(self, status, data, content_range=None, location=None, tag=None):
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if tag:
                    self.send_header("ETag", tag)
                    self.send_header("Last-Modified", "Wed, 25 Nov 2026 07:28:00 GMT")
                if location:
                    self.send_header("Location", location)
                if content_range:
                    self.send_header("Content-Range", content_range)
                self.end_headers()
                if data and self.told("truncate"):
                    self.wfile.write(data[:int(self.told("truncate"))])
                    self.close_connection = True
                    return
                stall = self.told("stall")
                if stall:
                    self.wfile.write(data[:int(stall)])
                    self.wfile.flush()
                    while self.told("stall"):
                        time.sleep(0.02)
                    self.close_connection = True
                    return
                self.wfile.write(data)

            def flood(self):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                chunk = b"10000\\r\\n" + bytes(65536) + b"\\r\\n"
                self.close_connection = True
                try:
                    while True:
                        self.wfile.write(chunk)
                        time.sleep(0.01)
                except OSError:
                    pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        print(server.server_port)
        server.serve_forever()
        """
}
