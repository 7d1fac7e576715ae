import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import Synchronization
import Testing

private let origin = FleetOrigin(path: "/srv/kiln.yaml")

private func wanted(
    _ name: FleetName,
    _ version: String? = "1",
    instances: Int = 2,
    port: UInt16? = nil,
    needs: [FleetName] = [],
    isNeeded: Bool = false,
    refusal: ApplyPlan.Obstacle? = nil
) -> WantedFleet {
    WantedFleet(
        name: name,
        policy: policy(instances, port, needs, isNeeded),
        image: "shop",
        content: version.map { Stage.content($0) },
        refusal: refusal
    )
}

private func policy(
    _ instances: Int,
    _ port: UInt16?,
    _ needs: [FleetName] = [],
    _ isNeeded: Bool = false
) -> FleetPolicy {
    FleetPolicy(
        instances: instances,
        listen: port.map { Listeners(ListenAddress(address: "127.0.0.1", port: $0)) },
        needs: needs,
        isNeeded: isNeeded
    )
}

/// A fleet that is as it should be, of release 1.
private func present(
    _ name: FleetName,
    _ version: String = "1",
    port: UInt16? = nil,
    needs: [FleetName] = [],
    isNeeded: Bool = false,
    quarantined: Bool = false,
    _ change: (inout PresentFleet.Standing) -> Void = { _ in }
) throws -> PresentFleet {
    var standing = PresentFleet.Standing(
        policy: policy(2, port, needs, isNeeded),
        origin: origin,
        release: ReleaseNumber(rawValue: 1),
        content: Stage.content(version),
        instances: 2,
        serving: 2
    )
    change(&standing)
    return PresentFleet(
        name: name,
        standing: standing,
        releases: [try entry(1, version, quarantined: quarantined)]
    )
}

private func entry(_ number: Int, _ version: String, quarantined: Bool = false) throws -> ReleaseEntry {
    let content = Stage.content(version)
    return ReleaseEntry(
        number: ReleaseNumber(rawValue: number),
        digest: try content.digest(),
        image: content.image,
        imageName: content.imageName,
        imageVersion: version,
        created: 0,
        quarantine: quarantined ? .init(reason: "HTTP 500", time: 0) : nil
    )
}

private func plan(
    _ wanted: [WantedFleet],
    _ present: [PresentFleet],
    isThere: @escaping @Sendable (FleetOrigin) -> Bool = { _ in true }
) -> ApplyPlan {
    ApplyPlanner(origin: origin, isThere: isThere).plan(wanted, present: present)
}

extension ApplyPlan {
    fileprivate func step(_ name: FleetName) throws -> Step {
        try #require(steps.first { $0.fleet == name })
    }
}

@Suite struct `A plan for all fleets` {
    @Test func `creates what does not run, and says whether it ever did`() throws {
        let gone = PresentFleet(name: "old", standing: nil, releases: [try entry(3, "1")])
        let plan = plan([wanted("new"), wanted("old")], [gone])
        let new = try plan.step("new")
        #expect(new.action == .create && new.to?.rawValue == 1 && new.reasons == ["it does not run yet"])
        let old = try plan.step("old")
        #expect(old.action == .create && old.to?.rawValue == 3, "the release that has this content")
        #expect(old.reasons == ["it was destroyed"])
    }

    @Test func `keeps what is as wanted, so that the second time there is nothing to do`() throws {
        let plan = plan([wanted("shop")], [try present("shop")])
        #expect(try plan.step("shop").action == .keep)
        #expect(!plan.isChange)
    }

    @Test func `replaces by the next release, and says what differs`() throws {
        var now = Stage.content("2")
        now.env = ["LEVEL": "warn"]
        now.files = [ConfigFile(target: "/etc/shop", userID: 0, groupID: 0, mode: 0o644, content: [1])]
        now.resources.pids = 7
        let fleet = WantedFleet(name: "shop", policy: policy(2, nil), image: "shop", content: now)
        let step = try plan([fleet], [try present("shop")]).step("shop")
        #expect(step.action == .replace)
        #expect(step.from?.rawValue == 1 && step.to?.rawValue == 2)
        #expect(step.reasons.count == 4, "\(step.reasons)")
        #expect(step.reasons[0].hasPrefix("image shop 1 ("))
        #expect(step.reasons[1...] == ["variable LEVEL is new", "file /etc/shop is new", "pids 256 -> 7"])
        #expect(!"\(step.reasons)".contains("warn"), "values are nobody's business")
    }

    @Test func `shows scale and listener as policy and replaces nothing for them`() throws {
        let step = try plan([wanted("shop", instances: 5, port: 81)], [try present("shop", port: 80)]).step(
            "shop"
        )
        #expect(step.action == .keep && step.isChange && step.reasons.isEmpty)
        #expect(
            step.policy == [
                .init("instances", "2", "5"), .init("listen", "127.0.0.1:80", "127.0.0.1:81"),
            ]
        )
    }

    @Test func `destroys only what belongs to the definition`() throws {
        let others = [
            try present("theirs") { $0.origin = FleetOrigin(path: "/other/kiln.yaml") },
            try present("nobodys") { $0.origin = nil },
        ]
        let plan = plan([wanted("shop")], [try present("shop"), try present("old")] + others)
        #expect(plan.steps.filter { $0.action == .destroy }.map(\.fleet) == ["old"])
        #expect(plan.steps.count == 2)
        #expect(try plan.step("old").reasons == ["/srv/kiln.yaml has no fleet old any more"])
    }

    @Test func `restores what lacks something of the release that is wanted`() throws {
        let lacking = [
            "1 of 2 instances serve": try present("shop") { $0.serving = 1 },
            "the rollout of release 1 is paused": try present("shop") {
                ($0.phase, $0.isPaused) = (.rolling, true)
            },
            "the rollout of release 1 was cut off": try present("shop") {
                ($0.phase, $0.isUnattended) = (.rolling, true)
            },
            "nobody listens on 127.0.0.1:80 for it": try present("shop", port: 80) { $0.isListening = false },
            "it is frozen: HTTP 500": try present("shop") { ($0.phase, $0.reason) = (.frozen, "HTTP 500") },
        ]
        for (reason, fleet) in lacking {
            let port = fleet.standing?.policy.listen?.addresses.first?.port
            let step = try plan([wanted("shop", port: port)], [fleet]).step("shop")
            #expect(step.action == .restore)
            #expect(step.reasons == [reason])
        }
    }

    @Test func `leaves a rollout that waits for a person to that person, and heals it`() throws {
        let waiting = try present("shop") { ($0.phase, $0.waits) = (.rolling, "40 % until it is promoted") }
        let plan = plan([wanted("shop")], [waiting])
        let step = try plan.step("shop")
        #expect(step.action == .keep && step.waits == "40 % until it is promoted" && !plan.isChange)
        var lacking = waiting
        lacking.standing?.serving = 1
        let restored = try ApplyPlanner(origin: origin) { _ in true }
            .plan([wanted("shop")], present: [lacking]).step("shop")
        #expect(restored.action == .restore && restored.reasons == ["1 of 2 instances serve"])
    }

    @Test func `finds a frozen fleet in its way, where it has anything to do with it`() throws {
        let frozen = try present("shop") { $0.freeze = "an incident" }
        let step = try plan([wanted("shop", "2")], [frozen]).step("shop")
        #expect(step.obstacle?.kind == .frozen && step.obstacle?.hint?.contains("kiln resume shop") == true)
        #expect(try plan([wanted("shop")], [frozen]).step("shop").obstacle == nil)
    }

    @Test func `a stopped fleet is created again`() throws {
        let fleet = try present("shop") { standing in
            (standing.phase, standing.reason, standing.release) = (.stopped, "HTTP 500", nil)
            (standing.content, standing.instances, standing.serving) = (nil, 0, 0)
        }
        let step = try plan([wanted("shop", "2")], [fleet]).step("shop")
        #expect(step.action == .create && step.reasons == ["it is stopped: HTTP 500"])
    }

    @Test func `an image that is not baked leaves the release open`() throws {
        let step = try plan([wanted("shop", nil)], [try present("shop")]).step("shop")
        #expect(step.action == .replace && step.to == nil)
        #expect(step.reasons[0].contains("baked first"))
    }

    @Test func `what failed before is refused, and what runs of another definition that is still there`()
        throws
    {
        let failed = try plan(
            [wanted("shop", "2")],
            [
                PresentFleet(
                    name: "shop",
                    standing: try present("shop").standing,
                    releases: [try entry(1, "1"), try entry(2, "2", quarantined: true)]
                )
            ]
        ).step("shop")
        #expect(failed.obstacle?.kind == .quarantined && failed.to?.rawValue == 2)
        let foreign = try present("shop") { $0.origin = FleetOrigin(path: "/other/kiln.yaml") }
        let obstacle = try plan([wanted("shop")], [foreign]).step("shop").obstacle
        #expect(obstacle?.kind == .foreign)
        #expect(obstacle?.reason.contains(origin.path) == true, "both definitions are named")
        #expect(obstacle?.hint?.contains("--take-over") == true)
        let moved = try plan([wanted("shop")], [foreign], isThere: { _ in false }).step("shop")
        #expect(moved.obstacle == nil)
        #expect(moved.policy == [.init("definition", "/other/kiln.yaml", "/srv/kiln.yaml")])
    }

    /// The fleet `shop`, whose listener leads to the port `admin`.
    private func leadingToAdmin(_ content: ReleaseContent) -> WantedFleet {
        let address = ListenAddress(address: "127.0.0.1", port: 80)
        let listen = Listeners([Listener(address, port: .name(PortName(trusted: "admin")))])
        return WantedFleet(
            name: "shop",
            policy: FleetPolicy(instances: 2, listen: listen),
            image: "shop",
            content: content
        )
    }

    @Test func `what a deploy would refuse is told: a port that the image lacks, or nobody would answer on`()
        throws
    {
        let unfit = try plan([leadingToAdmin(Stage.content("1"))], []).step("shop").obstacle
        #expect(unfit?.kind == .unfit && unfit?.kind.status == .usage)
        #expect(unfit?.reason.contains("has no port admin") == true)
        // What runs has the old port alone; the new release would have both.
        let before = try present("shop", port: 80)
        var content = Stage.content("2")
        content.ports["admin"] = 8081
        let both = leadingToAdmin(content)
        let unanswered = try plan([both], [before]).step("shop").obstacle
        #expect(unanswered?.kind == .unanswered && unanswered?.kind.status == .usage)
        #expect(unanswered?.reason.contains("release 1, which runs, has no port admin") == true)
        #expect(unanswered?.hint?.contains("--force") == true)
        #expect(try plan([both], []).step("shop").obstacle == nil, "nobody answers there so far")
    }

    @Test(
        arguments: [
            (.gate, .gateRefused), (.revoked, .gateRefused), (.unsigned, .gateRefused), (.unfit, .usage),
            (.quarantined, .failed), (.foreign, .failed), (.frozen, .failed),
        ] as [(ApplyPlan.Obstacle.Kind, KilnDiagnostics.ExitStatus)]
    )
    func `an obstacle ends a command as what it is`(
        _ kind: ApplyPlan.Obstacle.Kind,
        _ status: KilnDiagnostics.ExitStatus
    ) {
        #expect(kind.status == status)
    }

    @Test func `a gate's refusal holds for new releases alone`() throws {
        let refusal = ApplyPlan.Obstacle(.gate, "it was revoked")
        let old = plan([wanted("shop", refusal: refusal)], [try present("shop") { $0.serving = 0 }])
        #expect(try old.step("shop").obstacle == nil)
        let new = plan([wanted("shop", "2", refusal: refusal)], [try present("shop")])
        #expect(try new.step("shop").obstacle == refusal)
    }
}

@Suite struct `The order of a plan` {
    @Test func `what is needed comes first, and goes last`() throws {
        let fleets = [wanted("web", needs: ["api"]), wanted("api", needs: ["stock"]), wanted("stock")]
        let plan = plan(fleets, [])
        #expect(plan.steps.map(\.fleet) == ["stock", "api", "web"])
        #expect(try plan.step("web").after == ["api"])
        let down = ApplyPlanner(origin: origin) { _ in true }.destruction(of: [
            try present("stock"), try present("web", needs: ["api"]), try present("api", needs: ["stock"]),
        ])
        #expect(down.steps.map(\.fleet) == ["web", "api", "stock"])
        #expect(down.steps.allSatisfy { $0.action == .destroy })
    }

    @Test func `a fleet goes, or is out of reach, only once nobody of the old release needs it`() throws {
        let present = [
            try present("web", needs: ["old", "api"]), try present("old"), try present("api", isNeeded: true),
        ]
        let plan = plan([wanted("web", "2"), wanted("api")], present)
        #expect(plan.steps.first?.fleet == "web")
        #expect(try plan.step("old").after == ["web"])
        #expect(try plan.step("api").after == ["web"])
    }

    @Test func `what a running release reaches is needed, whatever the policy says by now`() throws {
        var content = Stage.content("1")
        content.peers = ["old": 8080]
        let rolledBack = try present("web") { $0.content = content }
        let underway = try present("api") { $0.reached = ["older"] }
        let plan = plan(
            [wanted("web", "2"), wanted("api", "2")],
            [
                rolledBack, underway, try present("old"), try present("older"),
            ]
        )
        #expect(try plan.step("old").after == ["web"] && plan.step("old").takesFrom == ["web"])
        #expect(try plan.step("older").after == ["api"])
    }

    @Test func `whoever takes over a listener waits for the one that has it`() throws {
        let plan = plan([wanted("new", port: 80)], [try present("old", port: 80)])
        #expect(plan.steps.map(\.fleet) == ["old", "new"])
        #expect(try plan.step("new").after == ["old"])
    }

    @Test func `listeners that change places leave no step out`() throws {
        let present = [try present("a", port: 80), try present("b", port: 81)]
        let plan = plan([wanted("a", port: 81), wanted("b", port: 80)], present)
        #expect(Set(plan.steps.map(\.fleet)) == ["a", "b"])
    }
}

@Suite struct `The steps of a plan` {
    private static func run(
        _ plan: ApplyPlan,
        limit: Int = 4,
        failing: Set<FleetName> = [],
        stopAfter: Int = .max
    ) async -> (results: [FleetName: ApplySchedule.Result], begun: [FleetName], most: Int) {
        let log = Mutex<(begun: [FleetName], running: Int, most: Int)>(([], 0, 0))
        let isStopped = { @Sendable in log.withLock { $0.begun.count >= stopAfter } }
        let results = await ApplySchedule(limit: limit).run(plan, isStopped: isStopped) { step in
            log.withLock { log in
                log.begun.append(step.fleet)
                log.running += 1
                log.most = max(log.most, log.running)
            }
            for _ in 0..<20 { await Task.yield() }
            log.withLock { $0.running -= 1 }
            return !failing.contains(step.fleet)
        }
        return log.withLock { (results, $0.begun, $0.most) }
    }

    private static let chain = plan(
        [wanted("web", needs: ["api"]), wanted("api", needs: ["stock"]), wanted("stock"), wanted("other")],
        []
    )

    @Test func `are done in their order`() async throws {
        let (results, begun, _) = await Self.run(Self.chain)
        #expect(results.values.allSatisfy { $0 == .succeeded } && results.count == 4)
        let places = try ["stock", "api", "web"].map { try #require(begun.firstIndex(of: $0)) }
        #expect(places == places.sorted())
    }

    @Test(arguments: [1, 3, 8])
    func `are never more at a time than the limit`(limit: Int) async {
        let fleets = (0..<12).map { wanted(FleetName(trusted: "f\($0)")) }
        let (results, _, most) = await Self.run(plan(fleets, []), limit: limit)
        #expect(results.count == 12)
        #expect(most <= limit && most >= 1)
    }

    @Test func `that need one that failed are not begun, and the rest goes on`() async {
        let (results, begun, _) = await Self.run(Self.chain, failing: ["stock"])
        #expect(results["stock"] == .failed && results["other"] == .succeeded)
        #expect(results["api"] == .skipped(because: "stock") && results["web"] == .skipped(because: "api"))
        #expect(Set(begun) == ["stock", "other"])
    }

    @Test func `that bring back what is missing go on all the same`() async throws {
        let web = try present("web", needs: ["stock"]) { $0.serving = 1 }
        let plan = plan([wanted("web", needs: ["stock"]), wanted("stock")], [web])
        let (results, _, _) = await Self.run(plan, failing: ["stock"])
        #expect(results["web"] == .succeeded)
    }

    @Test func `that take away what an old release still needs are not begun when its replacement fails`()
        async throws
    {
        let present = [try present("web", needs: ["api"]), try present("api", isNeeded: true)]
        let plan = plan([wanted("web", "2"), wanted("api")], present)
        #expect(try plan.step("api").action == .keep && plan.step("api").isChange)
        let (failing, begun, _) = await Self.run(plan, failing: ["web"])
        #expect(failing["api"] == .skipped(because: "web") && begun == ["web"])
        let (succeeding, _, _) = await Self.run(plan)
        #expect(succeeding["api"] == .succeeded)
    }

    @Test func `are not begun once a stop is requested`() async {
        let (results, begun, _) = await Self.run(Self.chain, limit: 1, stopAfter: 1)
        #expect(begun.count == 1)
        #expect(results.values.count { $0 == .stopped } == 3)
    }

    @Test func `that are to keep what is there are not done at all`() async throws {
        let (results, begun, _) = await Self.run(plan([wanted("shop")], [try present("shop")]))
        #expect(begun.isEmpty && results == ["shop": .succeeded])
    }
}

@Suite struct `What a plan was made from` {
    private static func basis(
        _ present: [PresentFleet],
        lock: String = "1",
        image: String? = nil,
        takesOver: Bool = false
    ) throws -> ApplyBasis {
        try ApplyBasis(
            environment: nil,
            takesOver: takesOver,
            inputs: [ApplyBasis.Input("the lock", Digest(of: lock))],
            images: image.map { [ApplyBasis.Input("image shop", Digest(of: $0))] } ?? [],
            present: present
        )
    }

    @Test func `has not moved when only an instance has died`() throws {
        let before = try Self.basis([try present("shop")])
        let after = try Self.basis([try present("shop") { ($0.serving, $0.instances) = (1, 1) }])
        #expect(before.moved(to: after) == [])
    }

    @Test func `is told part by part when it has moved`() throws {
        let before = try Self.basis([try present("shop"), try present("old")])
        let after = try Self.basis(
            [
                try present("shop") { ($0.release, $0.isPaused) = (ReleaseNumber(rawValue: 2), true) },
                try present("new"),
            ],
            lock: "2"
        )
        #expect(
            before.moved(to: after) == [
                "the lock is another", "fleet new was made since", "fleet old was destroyed since",
                "fleet shop is of release 2 instead of release 1",
                "fleet shop is steady, paused instead of steady",
            ]
        )
    }

    @Test func `has moved when an image that was there is another, or gone`() throws {
        let before = try Self.basis([], image: "1")
        #expect(
            before.moved(to: try Self.basis([], image: "2"))
                == ["image shop is another, though the same goes into it"]
        )
        #expect(before.moved(to: try Self.basis([])) == ["image shop is to be baked now"])
        // What was to be baked may have been baked since.
        #expect(try Self.basis([]).moved(to: before) == [])
    }

    @Test func `has moved when a person froze a fleet or is waited for, or others' fleets are taken over`()
        throws
    {
        let before = try Self.basis([try present("shop"), try present("web")])
        let after = try Self.basis(
            [
                try present("shop") { $0.freeze = "an incident" },
                try present("web") { $0.waits = "40 % until it is promoted" },
            ],
            takesOver: true
        )
        #expect(
            before.moved(to: after) == [
                "fleets are to be taken over now", "fleet shop is frozen: an incident",
                "fleet web waits: 40 % until it is promoted",
            ]
        )
        #expect(
            after.moved(to: before) == [
                "nothing is to be taken over now", "fleet shop is no longer frozen",
                "fleet web waits for nobody any more",
            ]
        )
    }
}
