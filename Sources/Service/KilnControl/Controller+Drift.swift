import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnSystem

// What fleets are compared with their releases for, away from the looks.
extension Controller {
    /// One fleet at a time, away from the looks.
    func startInspection(in group: inout DiscardingTaskGroup) {
        guard let inspect, !isInspecting, !isEnding, starting?.isEmpty == true else { return }
        let now = clock.now
        let due = keepers.values.filter { $0.wantsInspection(now: now) && !hasGuest($0.name) }
        guard let fleet = due.min(by: { $0.driftDue < $1.driftDue })?.name else { return }
        isInspecting = true
        keepers[fleet]?.beginsInspection()
        let post = post
        group.addTask {
            post?.yield(.inspected(fleet, await Self.result { try await inspect(fleet) }))
        }
    }

    /// An instance wrote to its root.
    func touched(_ fleet: FleetName, in group: inout DiscardingTaskGroup) {
        guard inspect != nil, !isEnding, let due = keepers[fleet]?.touched(now: clock.now) else { return }
        awaitInspection(at: due, in: &group)
    }

    private func awaitInspection(at due: BootInstant, in group: inout DiscardingTaskGroup) {
        if due <= clock.now { return startInspection(in: &group) }
        let (clock, post) = (clock, post)
        group.addTask {
            try? await clock.sleep(until: due)
            post?.yield(.inspectionDue)
        }
    }

    func inspected(
        _ fleet: FleetName,
        _ result: Result<DriftReport, any Error>,
        in group: inout DiscardingTaskGroup
    ) {
        isInspecting = false
        let now = clock.now
        keepers[fleet]?.inspected(now: now, next: settings.driftInterval)
        if let due = keepers[fleet]?.driftDue, now.duration(to: due) < settings.lookInterval {
            awaitInspection(at: due, in: &group)
        }
        defer { startInspection(in: &group) }
        guard case .some(let keeper) = keepers[fleet], keeper.isQuiet, !hasGuest(fleet), !isEnding else {
            return
        }
        switch result {
        case .failure(is CancellationError): break
        case .failure(let error): inspectionFailed(fleet, error)
        case .success(let report):
            if keepers[fleet]?.inspectionFailed(nil) == true {
                tell(fleet, "it can be looked at for drift again")
            }
            switch keepers[fleet]?.answer(report, now: now) {
            case .some(.nothing), nil: break
            case .tend(let tending): queue(fleet, tending)
            case .alert(let message): alert(fleet, message, in: &group)
            }
        }
    }

    /// The fleet is kept all the same: nothing of that depends on the look.
    private func inspectionFailed(_ fleet: FleetName, _ error: any Error) {
        let diagnostics = error.asDiagnostics
        let words = diagnostics.flatMap { [$0.message] + $0.causes }.joined(separator: ": ")
        if keepers[fleet]?.inspectionFailed(words) == true { tell(diagnostics) }
    }

    private func alert(_ fleet: FleetName, _ message: String, in group: inout DiscardingTaskGroup) {
        keepers[fleet]?.activity = .driving(StopSignal())
        drives += 1
        let (driver, post) = (driver(StopSignal()), post)
        group.addTask {
            let result = await Self.result { try await driver.alert(fleet, message) }
            post?.yield(.alerted(fleet, result))
        }
        // Once, also where it has to be written down again.
        guard keepers[fleet]?.tells(message) == true else { return }
        let hint = "kiln drift \(fleet) shows what differs; kiln drift \(fleet) --replace replaces it"
        tell([Diagnostic(.warning, code: "fleet.alert", "fleet \(fleet): \(message)", hint: hint)])
    }
}
