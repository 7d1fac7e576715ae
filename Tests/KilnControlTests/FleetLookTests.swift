import KilnControl
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnRollout
import KilnSystem
import Testing

@Suite struct `A look at a fleet` {
    private static func content(_ port: Bool = true) -> ReleaseContent {
        ReleaseContent(
            image: Digest(of: "shop"),
            imageName: "shop",
            imageVersion: "1",
            env: [:],
            files: [],
            health: nil,
            state: [],
            stop: StopDefinition(),
            resources: ResourceDefinition(),
            ports: port ? ["http": 8080] : [:]
        )
    }

    private static func spec(_ slot: Int, release: Int = 1) -> InstanceSpec {
        InstanceSpec(
            id: InstanceID("shop-\(release)-\(slot)"),
            slot: slot,
            release: Release(
                fleet: "shop",
                number: ReleaseNumber(rawValue: release),
                content: content(),
                created: 0
            )
        )
    }

    private static func instance(_ slot: Int, release: Int = 1) -> InstanceRecord {
        InstanceRecord(
            id: spec(slot, release: release).id,
            slot: slot,
            release: ReleaseNumber(rawValue: release),
            created: 0
        )
    }

    private static func seen(
        _ slot: Int,
        release: Int = 1,
        _ process: InstanceObservation.Process = .running(pid: 1),
        _ traffic: InstanceObservation.Traffic = .ready,
        isSupervised: Bool = true
    ) -> InstanceObservation {
        InstanceObservation(
            spec: spec(slot, release: release),
            process: process,
            traffic: traffic,
            isSupervised: isSupervised
        )
    }

    private static func record(
        _ phase: RolloutState.Phase = .steady,
        _ change: (inout RolloutState) -> Void = { _ in }
    ) -> FleetRecord {
        var rollout = RolloutState(target: ReleaseKey(1), stable: ReleaseKey(1), phase: phase)
        change(&rollout)
        let policy = FleetPolicy(
            instances: 2,
            listen: Listeners(ListenAddress(address: "127.0.0.1", port: 80))
        )
        return FleetRecord(name: "shop", policy: policy, rollout: rollout, created: 0)
    }

    private static let both = [instance(0), instance(1)]

    private func due(
        _ seen: [InstanceObservation],
        of record: FleetRecord = Self.record(),
        with instances: [InstanceRecord] = Self.both,
        hadTraffic: Set<InstanceID> = [],
        unwell: [InstanceID: String] = [:]
    ) -> [Due.Reason] {
        FleetLook(record, instances, seen: seen, unwell: unwell, hadTraffic: hadTraffic).due().map(\.reason)
    }

    @Test func `that is as it should be shows nothing`() {
        #expect(due([Self.seen(0), Self.seen(1)]) == [])
    }

    @Test(arguments: [
        (seen(1, .exited(status: 137)), Due.Reason.ended(status: 137)),
        (seen(1, .incomplete, .none), .missing),
        (seen(1, .running(pid: 1), .none), .withoutTraffic),
        (seen(1, .running(pid: 1), .draining(sessions: 0)), .unwell(reason: "the balancer's check fails")),
        (seen(1, isSupervised: false), .unsupervised),
    ])
    func `names what is wrong with an instance`(second: InstanceObservation, expected: Due.Reason) {
        #expect(due([Self.seen(0), second]) == [expected])
    }

    @Test func `names what is missing, too much, foreign and condemned`() {
        let all = [Self.seen(0), Self.seen(1)]
        #expect(due([Self.seen(0)]) == [.missing])
        #expect(due([Self.seen(0)], with: [Self.instance(0)]) == [.tooFew])
        #expect(due(all + [Self.seen(2)], with: Self.both + [Self.instance(2)]) == [.surplus])
        #expect(due(all + [Self.seen(7)]) == [.stranger])
        let old = [Self.instance(0), Self.instance(1, release: 2)]
        #expect(due([Self.seen(0), Self.seen(1, release: 2)], with: old) == [.surplus])
        var condemned = Self.both
        condemned[1].condemned = "recycled"
        #expect(due(all, with: condemned) == [.condemned])
        #expect(due(all, unwell: [Self.both[0].id: "refused"]) == [.unwell(reason: "refused")])
    }

    @Test func `wants a rollout driven that nobody drives, unless a person keeps it`() {
        let all = [Self.seen(0), Self.seen(1)]
        for phase in [.rolling, .baking(since: .zero), .rollingBack(reason: ""), .stopping(reason: "")]
            as [RolloutState.Phase]
        {
            #expect(due(all, of: Self.record(phase)) == [.unattended])
            #expect(due(all, of: Self.record(phase) { $0.isPaused = true }) == [])
            #expect(due(all, of: Self.record(phase) { $0.freeze = "incident" }) == [])
        }
        for phase in [.frozen(reason: ""), .stopped(reason: "")] as [RolloutState.Phase] {
            #expect(due([], of: Self.record(phase), with: []) == [])
        }
        let begun = Self.record { $0.progress = ProgressMark(at: .zero) }
        #expect(due(all, of: begun) == [.unattended])
    }

    @Test func `sees a balancer that died also where a person keeps the fleet, and only there where it was`()
    {
        let dark = [Self.seen(0, .running(pid: 1), .none), Self.seen(1, .running(pid: 1), .none)]
        let ids = Set(Self.both.map(\.id))
        let paused = Self.record(.rolling) { $0.isPaused = true }
        #expect(due(dark, of: paused, hadTraffic: ids) == [.balancer])
        #expect(due(dark, of: paused) == [])
        #expect(due([Self.seen(0), dark[1]], of: paused, hadTraffic: ids) == [])
        #expect(due(dark, of: Self.record { $0.freeze = "incident" }, hadTraffic: ids) == [])
    }

    @Test func `sees a new certificate in every fleet that serves, but where a person wants it left alone`() {
        func due(_ record: FleetRecord) -> [Due.Reason] {
            FleetLook(record, Self.both, seen: [Self.seen(0), Self.seen(1)], hasNewCertificates: true).due()
                .map(\.reason)
        }
        #expect(due(Self.record()) == [.certificate])
        #expect(due(Self.record(.rolling) { $0.isPaused = true }) == [.certificate])
        #expect(due(Self.record(.frozen(reason: "it failed"))) == [.certificate])
        var waiting = Self.record(.rolling)
        waiting.policy.rollout.strategy = .canary
        waiting.policy.rollout.steps = [.init(weight: 10, pause: .manual)]
        waiting.rollout.stable = ReleaseKey(9)
        waiting.rollout.stage = Stage(step: 0, filled: .zero, reached: .zero)
        #expect(waiting.awaitsPromotion(isBalanced: true))
        #expect(due(waiting) == [.certificate])
        #expect(due(Self.record { $0.freeze = "incident" }) == [])
        #expect(due(Self.record(.stopped(reason: ""))) == [.leaving, .leaving])
    }

    @Test func `finds remains of a stopped fleet`() {
        let stopped = Self.record(.stopped(reason: ""))
        #expect(due([Self.seen(0)], of: stopped, with: []) == [.stranger])
        #expect(due([Self.seen(0)], of: stopped, with: [Self.instance(0)]) == [.leaving])
    }
}
