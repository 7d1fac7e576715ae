import FoundationEssentials
import KilnAPI
import KilnDiagnostics
import KilnFleet
import KilnServer
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// curl(1) as any other client.
@Suite struct `curl on the control socket` {
    @Test func `reads what there is to read`() async throws {
        try await ServerStage.with { stage in
            let version = try await stage.curl("/v1/version").text
            #expect(version.contains(#""kiln":"9.9.9""#) && version.hasSuffix("\n200 application/json"))
            #expect(try await stage.curl("/healthz").text.hasPrefix("ok\n"))
            #expect(
                try await stage.curl("/metrics").text
                    == "kiln_test 1\n\n200 text/plain; version=0.0.4; charset=utf-8"
            )
            #expect(try await stage.curl("/v1/fleets").text.hasPrefix(#"{"fleets":[]}"#))
            #expect(try await stage.curl("/v1/events?after=0").text.hasPrefix(#"{"events":[]}"#))
            let head = try await stage.curl("/healthz", "--head")
            #expect(head.status == .exited(0) && head.text.contains("Content-Length: 3"))
        }
    }

    static let refusals: [(path: String, options: [String], status: Int, code: String)] = [
        ("/v1/fleets/shop", [], 404, "fleet.unknown"), ("/nothing", [], 404, "api.unknown-path"),
        ("/v1/fleets/shop/update", ["--data", "{}"], 404, "api.unknown-verb"),
        ("/v1/fleets/shop/resume", [], 405, "api.bad-method"),
        ("/v1/fleets/shop/scale", ["--data", "{"], 400, "api.bad-body"),
        ("/v1/fleets/shop/scale", ["--data", #"{"instances":1,"x":2}"#], 400, "api.bad-body"),
        ("/v1/requests/1/stop", ["--data", ""], 404, "api.unknown-request"),
        ("/v1/version", ["--header", "Kiln-Protocol: 2"], 400, "api.other-protocol"),
        (
            "/v1/fleets/shop/scale",
            ["--request", "POST", "--header", "Content-Length: 99999999", "--data", "{}"],
            413, "api.too-large"
        ),
    ]

    @Test(arguments: refusals)
    func `is told what is wrong`(path: String, options: [String], status: Int, code: String) async throws {
        try await ServerStage.with { stage in
            let output = try await ToolRunner().runUnchecked(
                ToolInvocation(
                    "curl",
                    [
                        "--silent", "--max-time", "20", "--unix-socket", stage.home.controlSocket.string,
                        "--write-out", "\n%{http_code}",
                    ] + options + ["http://kiln\(path)"]
                )
            )
            #expect(output.text.hasSuffix("\n\(status)"), "\(output.text)")
            let line = try #require(output.text.split(separator: "\n").first)
            let answer = try JSONDecoder().decode(AnswerLine.self, from: Data(line.utf8))
            guard case .failure(let diagnostics) = answer else {
                Issue.record("no failure")
                return
            }
            #expect(diagnostics.first?.code == code)
            #expect(stage.fleets.asked.isEmpty)
        }
    }

    @Test func `has nothing begun that its asker has given up`() async throws {
        try await ServerStage.with { stage in
            func scale(until deadline: BootInstant) async throws -> String {
                let header = "\(ServerIdentity.deadlineHeader): \(deadline.nanoseconds)"
                return try await stage.curl(
                    "/v1/fleets/shop/scale",
                    "--header",
                    header,
                    "--data",
                    #"{"instances":2}"#
                ).text
            }
            let late = try await scale(until: .now)
            #expect(late.contains("api.late") && late.contains("503"))
            #expect(stage.fleets.asked.isEmpty)
            let timely = try await scale(until: BootInstant.now.advanced(by: .seconds(60)))
            #expect(timely.contains("stable"))
            #expect(stage.fleets.asked.count == 1)
        }
    }

    @Test func `follows a change line by line`() async throws {
        let fleets = PretendFleets { _, _ in
            Progress.report(.output(WorkID("fleet/shop"), line: "it goes"))
            return .stable(ReleaseNumber(rawValue: 7))
        }
        try await ServerStage.with(fleets) { stage in
            let output = try await stage.curl("/v1/fleets/shop/scale", "--data", #"{"instances":2}"#)
            let lines = output.text.split(separator: "\n")
            #expect(lines.count == 4 && lines[0].hasPrefix(#"{"request":""#))
            #expect(lines[1] == #"{"progress":{"event":"output","id":"fleet/shop","line":"it goes"}}"#)
            #expect(lines[2] == #"{"outcome":{"outcome":"stable","release":7}}"#)
            #expect(lines[3] == "200 application/x-ndjson")
        }
    }

    @Test func `gets no further than the limits of a head`() async throws {
        try await ServerStage.with { stage in
            let long = "X-Long: " + String(repeating: "x", count: 40_000)
            let output = try await stage.curl("/v1/version", "--header", long)
            #expect(!output.text.contains("9.9.9"))
            #expect(try await stage.client.identity() != nil)
        }
    }
}

@Suite struct `The address for metrics` {
    @Test func `shows metrics and health, and nothing else`() async throws {
        let port = 9471
        try await ServerStage.with(metricsAddress: MetricsAddress(parsing: "127.0.0.1:\(port)")) { stage in
            func ask(_ path: String, _ options: String...) async throws -> String {
                try await ToolRunner().runUnchecked(
                    ToolInvocation(
                        "curl",
                        ["--silent", "--max-time", "10", "--write-out", "%{http_code}"] + options
                            + ["http://127.0.0.1:\(port)\(path)"]
                    )
                ).text
            }
            let metrics = try await ask("/metrics")
            #expect(metrics == "kiln_test 1\n200")
            #expect(try await ask("/healthz") == "ok\n200")
            #expect(try await ask("/v1/version") == "404")
            #expect(try await ask("/v1/fleets/shop/recycle", "--data", "{}") == "405")
            #expect(stage.fleets.asked.isEmpty)
        }
    }

    @Test(arguments: [
        ("127.0.0.1:9464", "127.0.0.1:9464"), ("9464", "127.0.0.1:9464"), (":9464", "127.0.0.1:9464"),
        ("[::1]:9464", "[::1]:9464"), ("0.0.0.0:1", "0.0.0.0:1"),
    ])
    func `is an address and a port, or a port on loopback`(text: String, address: String) throws {
        #expect(try MetricsAddress(parsing: text).description == address)
    }

    @Test(arguments: [
        "", ":", "x", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "localhost:9464", "1.2.3.4:-1",
    ])
    func `is refused otherwise`(text: String) {
        #expect(throws: APIError.self) { try MetricsAddress(parsing: text) }
    }
}
