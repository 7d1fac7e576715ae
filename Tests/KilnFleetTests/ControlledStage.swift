import KilnControl
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnSystem
import KilnTestSupport
import Synchronization

/// What a test works with while a controller keeps the fleets of a stage.
struct ControlledStage: Sendable {
    let stage: Stage
    let controller: Controller
    let store: TestStore
    let facts: FactRecorder
    /// Ends the controller.
    let stop: StopSignal

    func pass(_ time: Duration) async throws {
        try await stage.time.sleep(until: stage.time.now.advanced(by: time))
    }

    /// Ends one instance of the fleet from outside, and says which.
    @discardableResult
    func kill(_ version: String = "1", keeping kept: Set<InstanceID> = []) -> InstanceID? {
        var killed: InstanceID?
        stage.platform.change { state in
            killed = state.instances.values
                .filter { $0.version == version && $0.exitStatus == nil && !kept.contains($0.spec.id) }
                .map(\.spec.id).min()
            if let killed { state.instances[killed]?.exitStatus = 137 }
        }
        return killed
    }

    var running: Set<InstanceID> {
        Set(stage.platform.seen.instances.values.filter { $0.exitStatus == nil && $0.isMade }.map(\.spec.id))
    }

    var rollout: FleetRecord? {
        get async throws { try await store.fleet(Stage.fleet) }
    }
}

extension DeployOutcome {
    var isStopped: Bool { if case .stopped = self { true } else { false } }
}

extension LeaseHolder {
    /// Another process of this boot, as alive as this one.
    static var other: LeaseHolder { .current }
}

extension Stage {
    /// Deploys with a driver that is stopped in the middle, which leaves the rollout paused.
    func interrupted(_ version: String) async throws {
        let stop = StopSignal()
        let (time, driver) = (time, driver(stop: stop))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await driver.deploy(Stage.content(version), to: Stage.fleet, policy: Stage.policy())
            }
            group.addTask {
                try await time.sleep(until: time.now.advanced(by: .seconds(4)))
                stop.request()
            }
            try await group.waitForAll()
        }
    }

    /// Deploys with a driver that dies at its nth write, holding the lease as long as that lasts.
    func dying(atWrite write: Int, _ version: String) async {
        let store = TestStore(catalog, time, dyingAt: (write, true))
        _ = try? await driver(store, holder: .dead)
            .deploy(Stage.content(version), to: Stage.fleet, policy: Stage.policy())
    }
}

extension LeaseHolder {
    /// A process that does not run any more.
    static var dead: LeaseHolder { LeaseHolder(bootID: BootInstant.bootID, pid: 1, startTicks: 1) }
}

/// What an inspection for drift finds, as the test says.
final class PretendDrift: Sendable {  // a class: the test changes what the controller finds
    private let findings = Mutex<[DriftFinding]>([])

    private let inspected = Mutex(0)

    func find(_ ids: some Sequence<InstanceID>, weight: DriftFinding.Weight = .harmful) {
        let found = ids.map { id in
            var finding = DriftFinding(.overMount, instance: id, subject: "/etc", detail: "tmpfs")
            finding.weight = weight
            return finding
        }
        findings.withLock { $0 = found }
    }

    /// How often it was looked for.
    var looks: Int { inspected.withLock { $0 } }

    func findStray() {
        let stray = DriftFinding(
            .strayContainer,
            instance: nil,
            subject: "shop-9-zzzz",
            detail: "a container"
        )
        findings.withLock { $0 = [stray] }
    }

    var report: DriftReport {
        inspected.withLock { $0 += 1 }
        return DriftReport(fleet: "shop", checked: 3, findings: findings.withLock { $0 })
    }
}

extension Stage {
    /// Runs the body while a controller keeps the fleets; it is asked to end after that, and waited for.
    func kept(
        inspect drift: PretendDrift? = nil,
        settings: Controller.Settings = Controller.Settings(),
        signs: Controller.Signs = Controller.Signs(),
        _ body: (ControlledStage) async throws -> Void
    ) async throws {
        let store = TestStore(catalog, time)
        var inspect: Controller.DriftInspector?
        if let drift { inspect = { _ in drift.report } }
        let controller = Controller(
            store: store,
            platform: platform,
            inspect: inspect,
            clock: time,
            settings: settings
        )
        let facts = FactRecorder()
        let stop = StopSignal()
        let controlled = ControlledStage(
            stage: self,
            controller: controller,
            store: store,
            facts: facts,
            stop: stop
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await Progress.$receiver.withValue(facts) { await controller.run(until: stop, signs: signs) }
            }
            do {
                try await body(controlled)
            } catch {
                stop.request(.leaving)
                throw error
            }
            stop.request(.leaving)
            try await group.waitForAll()
        }
    }
}
