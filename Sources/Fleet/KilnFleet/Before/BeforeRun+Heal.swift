import KilnDefinition
import KilnRollout
import KilnSystem

// The release that serves goes on serving, however long the work takes.
extension BeforeRun {
    private static let pause = Duration.seconds(60)

    /// Replaces what died of a fleet at rest, under the same lease, until all is well or the work has to be looked at again:
    /// since it has ended, its time is up, or a stop is requested.
    mutating func heal(beside id: InstanceID, until due: BootInstant) async throws {
        healDue = driver.clock.now.advanced(by: FleetRun.observeInterval)
        guard ledger.record.rollout.phase == .steady, !ledger.record.rollout.isHalted, await isAnyoneDead()
        else { return }
        let (run, ending) = (self, StopSignal())
        var helper = driver
        helper.stop = ending
        let (healed, outcome) = try await withThrowingTaskGroup(of: Void.self) { [helper, ledger] group in
            group.addTask { try await run.watch(id, until: due, ending) }
            defer { group.cancelAll() }
            var ledger = ledger
            let outcome = try await helper.drive(&ledger, policyChanged: false)
            return (ledger, outcome)
        }
        ledger = healed
        // What cannot be mended at the moment is not tried without a rest.
        if case .degraded = outcome { healDue = driver.clock.now.advanced(by: Self.pause) }
    }

    private func isAnyoneDead() async -> Bool {
        let standing = ledger.instances.values.filter { !$0.isStopping }
        guard !standing.isEmpty, let seen = try? await platform.observe(ledger.name) else { return false }
        let running = seen.filter { if case .running = $0.process { true } else { false } }.map(\.spec.id)
        return !standing.allSatisfy { running.contains($0.id) }
    }

    private func watch(_ id: InstanceID, until due: BootInstant, _ ending: StopSignal) async throws {
        while driver.clock.now < due, !driver.stop.isRequested, await isRunning(id) {
            try await driver.clock.sleep(until: driver.clock.now.advanced(by: Self.look))
        }
        ending.request(.leaving)
    }

    private func isRunning(_ id: InstanceID) async -> Bool {
        if case .running = try? await observe(id)?.process { true } else { false }
    }
}
