#!/usr/bin/python3
"""A guestbook: entries are posted over HTTP and kept, one file each, on a volume that all instances share.

  GET  /          the version and how many entries there are
  GET  /entries   every entry's id, one a line
  POST /entries   keeps the body under the id in X-Entry-Id; 201 means that it is on disk
  GET  /healthz   200 when the volume can be written
"""

import http.server
import os
import re
import signal
import socket
import sys
import threading

STATE = os.environ.get("GUESTBOOK_STATE", "/var/lib/guestbook")
VERSION = os.environ.get("GUESTBOOK_VERSION", "0")
PORT = int(os.environ.get("GUESTBOOK_PORT", "8080"))
LIMIT = 64 * 1024
ENTRY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def keep(entry_id: str, body: bytes) -> None:
    """Writes the entry beside its place, syncs, renames: an acknowledged entry survives a crash."""
    path = os.path.join(STATE, entry_id)
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}.{socket.gethostname()}.tmp"
    with open(temporary, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)


def entries() -> list[str]:
    return sorted(name for name in os.listdir(STATE) if ENTRY_ID.fullmatch(name))


class Handler(http.server.BaseHTTPRequestHandler):
    wbufsize = -1  # answers leave in one piece, headers and body together
    protocol_version = "HTTP/1.1"
    server_version = "guestbook/" + VERSION

    def do_GET(self) -> None:
        if self.path == "/":
            self.answer(200, f"guestbook {VERSION}: {len(entries())} entries, {socket.gethostname()}\n")
        elif self.path == "/entries":
            self.answer(200, "".join(name + "\n" for name in entries()))
        elif self.path == "/healthz":
            writable = os.access(STATE, os.W_OK)
            self.answer(200 if writable else 503, "ok\n" if writable else "the volume is not writable\n")
        else:
            self.answer(404, "no such page\n")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, LIMIT))
        entry_id = self.headers.get("X-Entry-Id", "")
        if self.path != "/entries" or not ENTRY_ID.fullmatch(entry_id) or length > LIMIT:
            self.answer(400, "POST /entries with X-Entry-Id and at most 64 KiB\n")
            return
        keep(entry_id, body)
        self.answer(201, entry_id + "\n")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        if self.path != "/healthz":
            sys.stdout.write("%s %s\n" % (self.command, format % arguments))
            sys.stdout.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 256


def main() -> None:
    server = Server(("", PORT), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"guestbook {VERSION} listens on {PORT}", flush=True)
    server.serve_forever()
    server.server_close()
    print("guestbook ends", flush=True)


if __name__ == "__main__":
    main()
