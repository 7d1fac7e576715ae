import KilnDefinition

/// Which step waits for which: a fleet for those that it needs, the end of a fleet for those that needed it, and whoever
/// takes over a listener for the one that has it.
struct StepOrder {
    private let wanted: [FleetName: FleetPolicy]
    private let present: [FleetName: FleetPolicy]
    private let needs: [FleetName: Set<FleetName>]

    init(_ wanted: [WantedFleet], _ present: [PresentFleet]) {
        self.wanted = Dictionary(wanted.map { ($0.name, $0.policy) }) { first, _ in first }
        self.present = Dictionary(
            present.compactMap { fleet in fleet.standing.map { (fleet.name, $0.policy) } }
        ) { first, _ in first }
        needs = Dictionary(present.map { ($0.name, $0.needs) }) { first, _ in first }
    }

    /// The steps with what they wait for, and each after that.
    func order(_ steps: [ApplyPlan.Step]) -> [ApplyPlan.Step] {
        let names = steps.map(\.fleet)
        var after: [FleetName: [FleetName]] = [:]
        var losers: [FleetName: [FleetName]] = [:]
        // What would close a circle is left out: listeners that change places cannot all be waited for.
        func add(_ name: FleetName, after other: FleetName) {
            guard name != other, names.contains(other), after[name]?.contains(other) != true,
                !reaches(other, name, after)
            else { return }
            after[name, default: []].append(other)
        }
        for step in steps where step.action != .destroy {
            for needed in wanted[step.fleet]?.needs ?? [] { add(step.fleet, after: needed) }
        }
        for step in steps {
            for holder in holders(ofListenerWantedBy: step, among: steps) { add(step.fleet, after: holder) }
        }
        for step in steps where isTakenFromOthers(step) {
            for other in names where needs[other]?.contains(step.fleet) == true {
                add(step.fleet, after: other)
                losers[step.fleet, default: []].append(other)
            }
        }
        return sorted(steps, after).map { step in
            var step = step
            step.takesFrom = losers[step.fleet, default: []].filter(step.after.contains)
            return step
        }
    }

    /// The fleet goes, or instances of others no longer reach it: those that needed it are to be of another release by then.
    private func isTakenFromOthers(_ step: ApplyPlan.Step) -> Bool {
        step.action == .destroy
            || (present[step.fleet]?.isNeeded == true && wanted[step.fleet]?.isNeeded != true)
    }

    private func reaches(_ start: FleetName, _ goal: FleetName, _ after: [FleetName: [FleetName]]) -> Bool {
        var open = [start]
        var seen: Set<FleetName> = [start]
        while let name = open.popLast() {
            if name == goal { return true }
            open += (after[name] ?? []).filter { seen.insert($0).inserted }
        }
        return false
    }

    /// Fleets that listen now where this one shall, and give that up.
    private func holders(
        ofListenerWantedBy step: ApplyPlan.Step,
        among steps: [ApplyPlan.Step]
    ) -> [FleetName] {
        guard step.action != .destroy, let listen = wanted[step.fleet]?.listen else { return [] }
        return steps.map(\.fleet).filter { other in
            guard other != step.fleet, let held = present[other]?.listen else { return false }
            let kept = wanted[other]?.listen?.addresses ?? []
            return held.addresses.contains { address in
                listen.addresses.contains(where: address.meets) && !kept.contains(where: address.meets)
            }
        }
    }

    private func sorted(
        _ steps: [ApplyPlan.Step],
        _ after: [FleetName: [FleetName]]
    ) -> [ApplyPlan.Step] {
        var left = steps
        var done: Set<FleetName> = []
        var sorted: [ApplyPlan.Step] = []
        while let index = left.firstIndex(where: { (after[$0.fleet] ?? []).allSatisfy(done.contains) }) {
            var step = left.remove(at: index)
            step.after = after[step.fleet] ?? []
            done.insert(step.fleet)
            sorted.append(step)
        }
        return sorted
    }
}
