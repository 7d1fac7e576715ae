extension Program {
    /// aiohttp: long answers, uploads and websockets too.
    static let python = Program(
        name: "aiohttp",
        port: 18_482,
        project: """
            mkdir -p app
            cat > app/service.py <<'END'
            import asyncio
            import os

            from aiohttp import web

            posts = os.open("/var/lib/app/posts.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

            async def well(request):
                return web.Response(text=os.environ["RELEASE"] + "\\n")

            async def health(request):
                return web.Response(status=503 if "BROKEN" in os.environ else 200)

            async def post(request):
                await request.read()
                os.write(posts, (request.match_info["id"] + "\\n").encode())
                return web.Response(status=201)

            async def slow(request):
                await asyncio.sleep(20)
                return web.Response(text="at last\\n")

            async def upload(request):
                async for _ in request.content.iter_chunked(65536):
                    pass
                return web.Response(status=201)

            async def talk(request):
                socket = web.WebSocketResponse()
                await socket.prepare(request)
                async for message in socket:
                    await socket.send_str(message.data)
                return socket

            app = web.Application(client_max_size=8 << 20)
            app.add_routes([
                web.get("/", well), web.get("/healthz", health), web.post("/posts/{id}", post), web.get("/slow", slow),
                web.put("/uploads/{id}", upload), web.get("/talk", talk),
            ])
            web.run_app(app, port=8080, access_log=None, print=None)
            END
            """,
        packages: ["python3-aiohttp"],
        image: """
            files: [{source: app/service.py, target: /srv/service.py}]
            entrypoint: [/usr/bin/python3, /srv/service.py]
            stop: {signal: TERM, grace: 5s}
            """,
        mix: Mix(
            rate: 0,
            path: "/",
            post: ("POST", "/posts/#", 201),
            slow: 4,
            slowPath: "/slow",
            uploads: 2,
            upload: ("PUT", "/uploads/#"),
            talks: 4,
            talkPath: "/talk"
        ),
        posts: "cat data/posts.log"
    )

    /// Python's own server, on TERM as deaf as many a script.
    static let stubborn = Program(
        name: "deaf",
        port: 18_484,
        project: """
            mkdir -p app
            cat > app/service.py <<'END'
            import http.server
            import os
            import signal

            posts = os.open("/var/lib/app/posts.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"

                def answer(self, status):
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

                def do_GET(self):
                    self.answer(503 if self.path == "/healthz" and "BROKEN" in os.environ else 200)

                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    os.write(posts, (self.path.removeprefix("/posts/") + "\\n").encode())
                    self.answer(201)

                def log_message(self, *words):
                    pass

            class Server(http.server.ThreadingHTTPServer):
                request_queue_size = 512

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            Server(("", 8080), Handler).serve_forever()
            END
            """,
        packages: ["python3"],
        image: """
            files: [{source: app/service.py, target: /srv/service.py}]
            entrypoint: [/usr/bin/python3, /srv/service.py]
            stop: {signal: TERM, grace: 500ms}
            """,
        mix: Mix(rate: 0, path: "/", post: ("POST", "/posts/#", 201)),
        posts: "cat data/posts.log"
    )
}
