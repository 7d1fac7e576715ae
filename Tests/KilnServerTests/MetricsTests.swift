import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnRollout
import KilnServer
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Metrics` {
    @Test func `are text of the format, whatever is in it`() throws {
        var text = MetricsText()
        text.add(
            Metric("a_total", .counter, "With a \\ and\na line."),
            [([("x", "q\"\\\nä")], 3.0), ([("x", "")], 0.5)]
        )
        text.add(Metric("empty", .gauge, "Left out."), [(labels: MetricsText.Labels, value: Double)]())
        text.add(Metric("b", .gauge, "One."), -.infinity)
        var histogram = Histogram(bounds: [1, 2.5])
        for value in [0.5, 1, 2, 99] { histogram.observe(value) }
        text.add(
            Metric("h_seconds", .histogram, "Many."),
            [([("f", "1")], histogram), ([("f", "2")], Histogram(bounds: [1]))]
        )
        let read = try ExpositionParser(text.text)
        #expect(read["a_total", ["x": "q\"\\\nä"]] == 3)
        #expect(read["b", [:]] == -.infinity)
        #expect(read.types.keys.sorted() == ["a_total", "b", "h_seconds"])
        #expect(read["h_seconds_bucket", ["f": "1", "le": "1"]] == 2)
        #expect(read["h_seconds_bucket", ["f": "1", "le": "2.5"]] == 3)
        #expect(read["h_seconds_bucket", ["f": "1", "le": "+Inf"]] == 4)
        #expect(read["h_seconds_sum", ["f": "1"]] == 102.5)
        #expect(read["h_seconds_count", ["f": "2"]] == 0)
    }

    @Test(arguments: [
        "a 1", "# TYPE a gauge\na 1\n", "# HELP a x\na 1\n", "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 2\n", "# HELP a x\n# TYPE a gauge\na{b=\"\\x\"} 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=1} 1\n", "# HELP a x\n# TYPE a gauge\na one\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
    ])
    func `are held to the format by a parser that refuses what is none`(text: String) {
        #expect(throws: ExpositionParser.Problem.self) { try ExpositionParser(text) }
    }

    @Test func `count a fleet's rollouts, instances, requests, drift and replacements`() async throws {
        try await Self.withFleet { metrics, board, _ in
            board.note(
                DriftReport(
                    fleet: "shop",
                    checked: 2,
                    findings: [
                        DriftFinding(
                            .overMount,
                            instance: InstanceID("shop-2-a"),
                            subject: "/www",
                            detail: "x"
                        )
                    ]
                ),
                of: "shop"
            )
            board.note(look: .milliseconds(3))
            let text = try await metrics.text()
            let read = try ExpositionParser(text)
            let shop = ["fleet": "shop"]
            func with(_ name: String, _ value: String) -> [String: String] {
                shop.merging([name: value]) { $1 }
            }
            #expect(read["kiln_build_info", ["version": "9.9.9"]] == 1)
            #expect(read["kiln_fleet_instances_wanted", shop] == 3)
            #expect(read["kiln_fleet_instances_serving", shop] == 1)
            #expect(read["kiln_instances", ["fleet": "shop", "release": "2", "state": "running"]] == 1)
            #expect(read["kiln_instances", ["fleet": "shop", "release": "2", "state": "ended"]] == 1)
            #expect(read["kiln_instances", ["fleet": "shop", "release": "1", "state": "stopping"]] == 1)
            #expect(read["kiln_rollouts_total", with("outcome", "stable")] == 1)
            #expect(read["kiln_rollouts_total", with("outcome", "rolled-back")] == 1)
            #expect(read["kiln_rollouts_total", with("outcome", "superseded")] == 1)
            #expect(read["kiln_rollout_running", shop] == 1)
            #expect(read["kiln_rollout_duration_seconds_count", shop] == 2)
            #expect(read["kiln_rollout_duration_seconds_sum", shop] == 100)
            #expect(read["kiln_balancer_requests_total", shop] == 12)
            #expect(read["kiln_balancer_answers_total", with("code", "5xx")] == 2)
            #expect(read["kiln_balancer_instance_errors_total", with("kind", "connect")] == 4)
            #expect(read["kiln_drift_findings", with("kind", "over-mount")] == 1)
            #expect(read["kiln_drift_findings", with("kind", "foreign-process")] == 0)
            #expect(read["kiln_controller_look_seconds_count", [:]] == 1)
            #expect(read["kiln_fleet_phase", with("phase", "rolling")] == 1)
            #expect((read["process_resident_memory_bytes", [:]] ?? 0) > 1_000_000)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `are made once for all who ask at the same time, and anew after that`() async throws {
        let (made, go) = (FactRecorder(), StopSignal())
        let shared = SharedText(age: .seconds(600)) {
            made.receive(.started(WorkID("text"), label: "", total: nil))
            await go.wait()
            return "text"
        }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 { group.addTask { try await shared.text() } }
            try await eventually("it is being made") { !made.facts.isEmpty }
            go.request()
            for try await text in group { #expect(text == "text") }
        }
        #expect(made.facts.count == 1)
        let fresh = SharedText(age: .zero) {
            made.receive(.started(WorkID("text"), label: "", total: nil))
            return "text"
        }
        _ = (try await fresh.text(), try await fresh.text())
        #expect(made.facts.count == 3)
    }

    @Test func `say nothing of a fleet that is gone`() async throws {
        try await Self.withFleet { metrics, board, _ in
            board.note(DriftReport(fleet: "gone", checked: 2, findings: []), of: "gone")
            let text = try await metrics.text()
            #expect(!text.contains("gone"))
        }
    }

    @Test func `tell how far an image is behind its archives, and nothing where nobody asked`() async throws {
        try await Self.withFleet { metrics, _, catalog in
            let shop = ["fleet": "shop"]
            #expect(try ExpositionParser(await metrics.text())["kiln_patch_lag_seconds", shop] == nil)
            func note(_ behind: [PatchState.Package], at time: Int64) async throws {
                let image = Samples.content("2").image
                try await catalog.note(
                    PatchState(
                        image: image,
                        archives: image,
                        compared: 7,
                        checked: time,
                        behind: behind
                    )
                )
            }
            try await note([], at: 1000)
            var read = try ExpositionParser(await metrics.text())
            #expect(read["kiln_patch_lag_seconds", shop] == 0)
            #expect(read["kiln_outdated_packages", shop] == 0)
            try await note(
                [.init(name: "a", old: "1", new: "2", isSecurity: true, first: 2000)],
                at: 2000
            )
            try await note(
                [
                    .init(name: "a", old: "1", new: "3", isSecurity: true, first: 3000),
                    .init(name: "b", old: "1", new: "2", isSecurity: false, first: 3000),
                ],
                at: 3000
            )
            read = try ExpositionParser(await metrics.text())
            #expect(read["kiln_patch_lag_seconds", shop] == 8000)
            #expect(read["kiln_outdated_packages", shop] == 2)
            #expect(read["kiln_patch_check_timestamp_seconds", shop] == 3000)
        }
    }

    /// Prometheus' own Python client reads the same.
    @Test(.enabled(if: hasPeer, "needs python3-prometheus-client"))
    func `are read by Prometheus' own client as by us`() async throws {
        let script = """
            import sys
            from prometheus_client.parser import text_string_to_metric_families as families
            for family in families(sys.stdin.read()):
                for sample in family.samples:
                    print(sample.name, family.type)
            """
        try await Self.withFleet { metrics, _, _ in
            let text = try await metrics.text()
            let output = try await ToolRunner().run(
                ToolInvocation("/usr/bin/python3", ["-c", script], input: Array(text.utf8))
            )
            let read = try ExpositionParser(text)
            let lines = output.text.split(separator: "\n")
            #expect(lines.map { String($0.prefix { $0 != " " }) } == read.samples.map(\.name))
            #expect(lines.contains("kiln_rollouts_total counter"))
            #expect(lines.contains("kiln_rollout_duration_seconds_bucket histogram"))
        }
    }

    private static let hasPeer = Files.exists("/usr/lib/python3/dist-packages/prometheus_client")

    private static func withFleet(
        _ body: (FleetMetrics, MetricsBoard, Catalog) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.home.catalog)
            let seen = try await fill(catalog)
            let board = MetricsBoard()
            let metrics = FleetMetrics(
                version: "9.9.9",
                catalog: catalog,
                platform: SeenPlatform(seen: seen),
                images: ImageStore(home: sandbox.home),
                board: board,
                requests: { _ in
                    BalancerTotals(
                        answers: [2: 10, 5: 2],
                        requests: 12,
                        connectionErrors: 4,
                        responseErrors: 1
                    )
                },
                time: { 10_000 }
            )
            try await body(metrics, board, catalog)
        }
    }

    /// Two releases, four rollouts of which one is under way, three instances.
    private static func fill(_ catalog: Catalog) async throws -> [InstanceObservation] {
        let request = LeaseRequest(
            fleet: "shop",
            holder: .current,
            reason: "test",
            now: .now,
            time: 0,
            isAlive: { _ in true }
        )
        guard case .granted(let lease) = try await catalog.acquireLease(request) else { return [] }
        var record = FleetRecord(name: "shop", policy: Samples.policy, created: 0)
        record.rollout.begin(ReleaseKey(2), now: .zero)
        func rollout(_ number: Int, _ outcome: Outcome?, superseded: Bool = false, took: Int64?) -> FleetEdit
        {
            .putRollout(
                RolloutRecord(
                    number: number,
                    from: nil,
                    to: ReleaseNumber(rawValue: 1),
                    started: 1000,
                    finished: took.map { 1000 + $0 },
                    outcome: outcome,
                    isSuperseded: superseded
                )
            )
        }
        let releases = [1, 2].map { number in
            Release(
                fleet: "shop",
                number: ReleaseNumber(rawValue: number),
                content: Samples.content("\(number)"),
                created: 0
            )
        }
        let instances = [("shop-1-a", 1, true), ("shop-2-a", 2, false), ("shop-2-b", 2, false)]
        try await catalog.commit(
            [
                .putFleet(record), rollout(1, .stable(ReleaseKey(1)), took: 40),
                rollout(2, .rolledBack(to: ReleaseKey(1), reason: "x"), took: 60),
                rollout(3, nil, superseded: true, took: 5), rollout(4, nil, took: nil),
            ]
                + (try releases.map {
                    .addRelease(ReleaseRecord(release: $0, digest: try $0.content.digest()))
                })
                + instances.enumerated().map { slot, instance in
                    .putInstance(
                        InstanceRecord(
                            id: InstanceID(instance.0),
                            slot: slot,
                            release: ReleaseNumber(rawValue: instance.1),
                            created: 0,
                            isStopping: instance.2
                        )
                    )
                },
            under: lease
        )
        return instances.enumerated().map { slot, instance in
            InstanceObservation(
                spec: InstanceSpec(id: InstanceID(instance.0), slot: slot, release: releases[instance.1 - 1]),
                process: slot == 2 ? .exited(status: 1) : .running(pid: 1),
                traffic: slot == 1 ? .ready : .none
            )
        }
    }
}

/// What one look shows, for ever.
private struct SeenPlatform: QuietPlatform {
    let seen: [InstanceObservation]

    func observe(_ fleet: FleetName) async throws -> [InstanceObservation] { seen }
    func oneShots(of fleet: FleetName) async throws -> [InstanceObservation] { [] }
    func counters(of fleet: FleetName) async throws -> TrafficCounters { TrafficCounters() }
    func converge(_ settings: FleetSettings, token: FencingToken) async throws {}
    func create(_ spec: InstanceSpec, token: FencingToken) async throws {}
    func route(_ instance: InstanceID, of fleet: FleetName, weight: Int, token: FencingToken) async throws {}
    func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {}
    func probe(_ observation: InstanceObservation) async -> ProbeResult { .passed }
    func logLines(_ instance: InstanceID, of fleet: FleetName, last count: Int) async throws -> [String] {
        []
    }
    func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws {}
}

@Suite struct `The time of a replacement` {
    @Test func `is from the first failure in a place to another instance serving there`() {
        var clock = ReplacementClock()
        #expect(clock.take(event(.instanceServing, 5), slot: 0) == nil)
        #expect(clock.take(event(.instanceFailed, 10), slot: 0) == nil)
        #expect(clock.take(event(.instanceFailed, 11), slot: 1) == nil)
        #expect(clock.take(event(.instanceServing, 12), slot: 2) == nil)
        #expect(clock.take(event(.instanceFailed, 13), slot: 0) == nil)
        #expect(clock.take(event(.instanceServing, 14), slot: 0) == 4)
        #expect(clock.take(event(.instanceServing, 15), slot: 0) == nil)
        #expect(clock.take(event(.instanceServing, 15), slot: nil) == nil)
        #expect(clock.take(event(.instanceServing, 20), slot: 1) == 9)
    }

    @Test func `counts from an instance's end to the millisecond, however late that was noticed`() {
        var clock = ReplacementClock()
        var failed = event(.instanceFailed, 12)
        failed.moment = 10_250
        #expect(clock.take(failed, slot: 0) == nil)
        var serving = event(.instanceServing, 13)
        serving.moment = 13_125
        #expect(clock.take(serving, slot: 0) == 2.875)
        // What an earlier program wrote has seconds alone.
        #expect(clock.take(event(.instanceFailed, 20), slot: 0) == nil)
        #expect(clock.take(event(.instanceServing, 22), slot: 0) == 2)
    }

    @Test func `is none of a fleet that was destroyed meanwhile, or of another one`() {
        var clock = ReplacementClock()
        #expect(clock.take(event(.instanceFailed, 10), slot: 0) == nil)
        #expect(clock.take(event(.instanceServing, 12, of: "other"), slot: 0) == nil)
        #expect(clock.take(event(.fleetDestroyed, 13), slot: nil) == nil)
        #expect(clock.take(event(.instanceServing, 14), slot: 0) == nil)
    }

    private func event(_ kind: FleetEvent.Kind, _ time: Int64, of fleet: FleetName = "shop") -> FleetEvent {
        FleetEvent(time: time, fleet: fleet, kind: kind, message: "", instance: InstanceID("x"))
    }
}

@Suite struct `A balancer's counts` {
    @Test func `are found by the names of their columns`() {
        let stat = """
            # pxname,svname,econ,req_tot,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,eresp,
            fleet,FRONTEND,,12,0,7,1,2,2,0,,
            instances,shop-1-a,1,,0,7,0,0,0,0,3,
            instances,BACKEND,4,,0,7,0,0,0,0,5,

            """
        #expect(
            BalancerTotals(stat: stat)
                == BalancerTotals(
                    answers: [0: 0, 1: 0, 2: 7, 3: 1, 4: 2, 5: 2],
                    requests: 12,
                    connectionErrors: 4,
                    responseErrors: 5
                )
        )
        #expect(BalancerTotals(stat: "") == nil)
        #expect(BalancerTotals(stat: "# pxname,svname\ninstances,BACKEND\n") == nil)
    }
}
