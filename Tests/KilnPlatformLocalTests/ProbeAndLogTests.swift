import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Health of instances` {
    private static let cases: [(probe: HealthDefinition.Probe, timeout: Duration, result: ProbeResult)] = [
        (.http(port: 8080, path: "/index.html"), .seconds(10), .passed),
        (.http(port: 8080, path: "/cgi-bin/broken"), .seconds(10), .failed(reason: "HTTP 500")),
        (.http(port: 8080, path: "/nothing"), .seconds(10), .failed(reason: "HTTP 404")),
        (.http(port: 81, path: "/"), .seconds(10), .failed(reason: "connection refused")),
        (.http(port: 8080, path: "/cgi-bin/slow"), quick, .failed(reason: "no answer within 500 ms")),
        (.tcp(port: 8080), .seconds(10), .passed),
        (.tcp(port: 81), .seconds(10), .failed(reason: "connection refused")),
        (.command(["/bin/sh", "-c", "test $(id -u) = 1000"]), .seconds(10), .passed),
        (
            .command(["/bin/sh", "-c", "echo not well >&2; exit 3"]), .seconds(10),
            .failed(reason: "exit status 3: not well")
        ),
        (.command(["/bin/sleep", "60"]), quick, .failed(reason: "no answer within 500 ms")),
        (.command(["/bin/sh", "-c", "sleep 61 | cat"]), quick, .failed(reason: "no answer within 500 ms")),
        (
            .command(["/bin/sh", "-c", "sleep 62 & exit 0"]), quick,
            .failed(reason: "no answer within 500 ms")
        ),
        (.command(["/bin/sh", "-c", "sleep 63 > /dev/null 2>&1 & exit 0"]), .seconds(10), .passed),
    ]
    private static let quick = Duration.milliseconds(500)

    @Test func `a probe tells people why it failed`() async throws {
        try await LocalFleet.with { fleet, _ in
            let observation = try await fleet.start("aaaa")
            for (probe, timeout, result) in Self.cases {
                var content = observation.spec.release.content
                content.health = HealthDefinition(probe: probe, timeout: timeout)
                let asked = InstanceObservation(
                    spec: observation.spec.with(content),
                    process: observation.process,
                    traffic: observation.traffic,
                    address: observation.address
                )
                #expect(await fleet.platform.probe(asked) == result, "\(probe)")
            }
            try await eventually("nothing of the commands is left") {
                try await fleet.inside("web-1-aaaa", "ps | grep '[s]leep 6'").text == ""
            }
        }
    }
}

@Suite(.serialized) struct `Output of instances` {
    @Test func `the newest lines come back, of both streams, also after the end`() async throws {
        try await LocalFleet.with { fleet, _ in
            let instance = try await fleet.start("aaaa")
            let id = instance.spec.id
            let records = try fleet.platform.logRecords(id, of: fleet.name, last: 10)
            #expect(records.map(\.text) == ["starting as 1000", "a complaint"])
            #expect(records.map(\.stream) == [.stdout, .stderr])
            #expect(records.allSatisfy { $0.time.hasSuffix("Z") })
            guard case .running(let pid) = instance.process else { throw Unexpected(instance.process) }
            ProcessIdentity(pid: pid)?.signal(15)
            try await eventually("it ended by itself") {
                try await fleet.observe(id).process == .exited(status: 0)
            }
            #expect(try await fleet.platform.logLines(id, of: fleet.name, last: 1) == ["stopping"])
        }
    }

    @Test func `a follower hears instances that come later`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.start("aaaa")
            let follower = fleet.platform.followLogs(of: fleet.name, last: 1)
            let heard = Task {
                var heard: [String] = []
                for try await record in follower where record.stream == .stdout || heard.isEmpty {
                    heard.append("\(record.instance) \(record.text)")
                    if heard.count == 3 { break }
                }
                return heard
            }
            try await fleet.start("bbbb")
            let id = InstanceID("web-1-bbbb")
            try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
            #expect(
                try await heard.value == [
                    "web-1-aaaa a complaint", "web-1-bbbb starting as 1000", "web-1-bbbb stopping",
                ]
            )
        }
    }

    @Test func `a loud instance keeps its newest lines within the bound`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let loud = try await fleet.image(
                entrypoint: ["/bin/sh", "-c", "seq 1 400000; trap 'exit 0' TERM; sleep 600 & wait"]
            )
            let spec = fleet.spec("aaaa") { content in
                content.image = loud
                content.health = nil
                content.resources = ResourceDefinition(cpu: 2)
            }
            let follower = fleet.platform.followLogs(of: fleet.name, last: 0)
            let heard = Task {
                var count = 0
                for try await record in follower {
                    count += 1
                    if record.text == "400000" { break }
                }
                return count
            }
            try await fleet.platform.create(spec, token: fleet.token)
            #expect(try await heard.value > 100_000)
            let lines = try await fleet.platform.logLines(spec.id, of: fleet.name, last: 1_000)
            #expect(lines == (399_001...400_000).map(String.init))
            let paths = fleet.paths.instance(spec.id)
            for file in [paths.log, paths.previousLog] {
                #expect((Files.facts(file)?.size ?? 0) <= 8 << 20)
            }
        }
    }
}

extension InstanceID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension InstanceSpec {
    fileprivate func with(_ content: ReleaseContent) -> InstanceSpec {
        let changed = Release(
            fleet: release.fleet,
            number: release.number,
            content: content,
            created: release.created
        )
        return InstanceSpec(id: id, slot: slot, release: changed)
    }
}
