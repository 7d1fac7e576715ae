import FoundationEssentials
import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnServer
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A webhook` {
    @Test func `signs as others do, and shows nothing of it in its arguments`() throws {
        let hook = WebhookDefinition(url: "https://hooks.example.org/secret-path", secret: "/none")
        let message = try WebhookMessage(Self.event(7, "a \"quoted\" \\ line"), to: hook)
        let invocation = message.invocation(key: Array("key".utf8))
        #expect(invocation.arguments == ["--disable", "--config", "-"])
        #expect(!invocation.commandLine.contains("secret-path"))
        #expect(message.delivery == "shop-7")
    }

    @Test(arguments: [
        ([], "rollout.finished", true), (["rollout"], "rollout.finished", true),
        (["rollout.finished"], "rollout.finished", true), (["roll"], "rollout.finished", false),
        (["rollout.started"], "rollout.finished", false),
        (["release", "instance.failed"], "instance.failed", true),
    ])
    func `wants the events that its words mean`(words: [String], event: String, wants: Bool) {
        #expect(WebhookDefinition(url: "http://x", events: words).wants(event) == wants)
    }

    @Test func `knows every event there is`() {
        #expect(Set(EventWords.all) == Set(FleetEvent.Kind.allCases.map(\.rawValue)))
    }

    @Test func `waits longer after each failure, and gives up what is an hour old`() {
        var pace = WebhookPace()
        var now = BootInstant(nanoseconds: 0)
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let isGivenUp = pace.failed(age: 3600, now: now)
            #expect(!isGivenUp)
            #expect(!pace.isDue(now.advanced(by: .seconds(seconds) - .milliseconds(1))))
            now = now.advanced(by: .seconds(seconds))
            #expect(pace.isDue(now))
        }
        let isGivenUp = pace.failed(age: 3601, now: now)
        #expect(isGivenUp)
        pace.delivered()
        #expect(pace.isDue(now) && pace.failures == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func `gets each event in order, signed, again until it takes it, and goes on where it was`() async throws
    {
        try await Receiver.with(refusing: 2) { receiver, sandbox in
            let secret = try sandbox.write("s3cret\n", to: "hook.key")
            let catalog = try Catalog(path: sandbox.home.catalog)
            let hook = WebhookDefinition(url: receiver.url, events: ["rollout"], secret: secret.string)
            let lease = try await Self.lease(catalog)
            let policy = FleetPolicy(webhooks: [hook])
            try await catalog.commit(
                [
                    .putFleet(FleetRecord(name: "shop", policy: policy, created: 0)),
                    .addEvent(Self.event(0, "before", .policyChanged)),
                    .addEvent(Self.event(0, "one \"ä\"", .rolloutStarted)),
                    .addEvent(Self.event(0, "not wanted", .instanceCreated)),
                    .addEvent(Self.event(0, "two", .rolloutFinished)),
                ],
                under: lease
            )
            try await Self.deliver(catalog) {
                try await eventually("both have arrived") { receiver.lines.count >= 4 }
            }
            #expect(
                Array(receiver.lines.prefix(4)) == [
                    "500 shop-2 signed one \"ä\"", "500 shop-2 signed one \"ä\"",
                    "200 shop-2 signed one \"ä\"",
                    "200 shop-4 signed two",
                ]
            )
            try await catalog.commit(
                [.addEvent(Self.event(0, "three", .rolloutPaused)), .removeFleet],
                under: lease
            )
            let told = receiver.lines.count
            try await Self.deliver(catalog) {
                try await eventually("the last one has arrived") { receiver.lines.count > told }
                try await eventually("nothing more is to be sent") {
                    try await catalog.webhookPosts().isEmpty
                }
            }
            // What was sent when the first courier ended may have been sent again.
            #expect(
                Set(receiver.lines.dropFirst(4)).isSubset(of: [
                    "200 shop-4 signed two", "200 shop-5 signed three",
                ])
            )
            #expect(receiver.lines.last == "200 shop-5 signed three")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `that never answers gives an event up after an hour, which is written down and counted`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.home.catalog)
            let hook = WebhookDefinition(url: "http://127.0.0.1:1/none", events: ["rollout", "webhook"])
            let lease = try await Self.lease(catalog)
            let old = FleetEvent(
                time: WallClock.now - 3601,
                fleet: "shop",
                kind: .rolloutStarted,
                message: "long ago"
            )
            try await catalog.commit(
                [
                    .putFleet(FleetRecord(name: "shop", policy: FleetPolicy(webhooks: [hook]), created: 0)),
                    .addEvent(Self.event(0, "before", .policyChanged)), .addEvent(old),
                ],
                under: lease
            )
            let board = MetricsBoard()
            try await Self.deliver(catalog, board) {
                try await eventually("it is given up") {
                    try await catalog.events(following: 0, of: "shop", limit: 10)
                        .contains { $0.kind == .webhookGivenUp }
                }
                try await eventually("the hook is past all of it") {
                    try await catalog.webhookPosts().first?.sequence == catalog.lastEvent()
                }
            }
            let told = try await catalog.events(following: 0, of: "shop", limit: 10)
                .filter { $0.kind == .webhookGivenUp }
            #expect(told.count == 1, "and the hook is not told of that")
            #expect(told.first?.cause == 2)
            #expect(told.first?.message.contains("(rollout.started) is not delivered") == true)
            #expect(told.first?.message.contains("none") == false, "the URL may be a secret")
            let status = try await FleetReader(store: catalog, platform: EmptyPlatform()).status(of: "shop")
            #expect(status.undelivered == 1)
            let metrics = FleetMetrics(
                version: "1",
                catalog: catalog,
                platform: EmptyPlatform(),
                images: ImageStore(home: sandbox.home),
                board: board,
                requests: { _ in nil }
            )
            let labels = ["fleet": "shop", "hook": hook.shownHost, "result": "given-up"]
            let read = try ExpositionParser(await metrics.text())
            #expect(read["kiln_webhook_deliveries_total", labels] == 1)
        }
    }

    private static func deliver(
        _ catalog: Catalog,
        _ board: MetricsBoard = MetricsBoard(),
        _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let courier = WebhookCourier(catalog: catalog, board: board)
            group.addTask { try await courier.run() }
            try await body()
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }

    private static func event(
        _ sequence: Int64,
        _ message: String,
        _ kind: FleetEvent.Kind = .rolloutFinished
    ) -> FleetEvent {
        FleetEvent(sequence: sequence, time: WallClock.now, fleet: "shop", kind: kind, message: message)
    }

    private static func lease(_ catalog: Catalog) async throws -> Lease {
        let request = LeaseRequest(
            fleet: "shop",
            holder: .current,
            reason: "test",
            now: .now,
            time: 0,
            isAlive: { _ in true }
        )
        guard case .granted(let lease) = try await catalog.acquireLease(request) else {
            throw CancellationError()
        }
        return lease
    }
}

/// A receiver of webhooks in Python that checks signatures under "s3cret" and refuses the first few.
private struct Receiver {
    let url: String
    private let file: FilePath

    /// For each request its answer, delivery, whether it was signed well, and the event's message.
    var lines: [String] {
        ((try? Files.readText(file)) ?? "").split(separator: "\n").map(String.init)
    }

    static func with(
        refusing count: Int,
        _ body: (Receiver, Sandbox) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("", to: "received")
            let (ports, post) = AsyncStream.makeStream(of: String.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { post.finish() }
                    _ = try await ToolRunner().stream(
                        ToolInvocation("python3", ["-u", "-c", script, file.string, String(count)])
                    ) { post.yield($0) }
                }
                var port = ""
                for await line in ports {
                    port = line
                    break
                }
                defer { group.cancelAll() }
                try await body(Receiver(url: "http://127.0.0.1:\(port)/hook?x=1", file: file), sandbox)
            }
        }
    }

    private static let script = """
        import hashlib, hmac, http.server, json, sys
        refusals = int(sys.argv[2])

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def do_POST(self):
                global refusals
                body = self.rfile.read(int(self.headers["Content-Length"]))
                expected = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
                signed = "signed" if hmac.compare_digest(expected, self.headers["X-Kiln-Signature-256"]) else "unsigned"
                status = 500 if refusals > 0 else 200
                refusals -= 1
                with open(sys.argv[1], "a") as log:
                    print(status, self.headers["X-Kiln-Delivery"], signed, json.loads(body)["message"], file=log)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port)
        server.serve_forever()
        """
}
