extension DefinitionTemplate {
    /// Ends on SIGTERM once the requests under way are answered.
    static let server = ##"""
        """A small HTTP service: / greets, /healthz says that it is well."""

        import os
        import signal
        import socket
        import threading
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1  # headers and body leave in one piece

            def do_GET(self):
                if self.path == "/healthz":
                    self.answer(200, "ok\n")
                elif self.path == "/":
                    greeting = os.environ.get("GREETING", "Hello")
                    self.answer(200, f"{greeting}, from {socket.gethostname()}\n")
                else:
                    self.answer(404, "not found\n")

            def answer(self, status, text):
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format, *arguments):
                if self.path != "/healthz":
                    super().log_message(format, *arguments)


        class Server(ThreadingHTTPServer):
            daemon_threads = False  # so that server_close waits for the requests under way


        server = Server(("0.0.0.0", 8080), Handler)
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()
        server.server_close()

        """##
}
