import KilnDiagnostics
import OrderedCollections

/// What fleets need of each other.
extension DefinitionChecks {
    func judgeNeeds(_ reading: inout Reading) {
        let names = reading.names(at: ["fleets"])
        var settled: Set<FleetName> = []
        for (name, fleet) in definition.fleets {
            let path = needs(of: name)
            guard reading.isSound(path) else { continue }
            for (index, needed) in fleet.needs.enumerated()
            where !names.contains(needed.description) && reading.isUsable(["fleets"]) {
                let others = names.filter { $0 != name.description }
                reportUnknown(
                    "fleet",
                    needed.description,
                    among: others,
                    at: reading.span(path + index),
                    &reading
                )
            }
            if let circle = circle(from: name, &settled) { report(circle, &reading) }
        }
        judgeInsidePorts(&reading)
    }

    private func needs(of name: FleetName) -> FieldPath { ["fleets", name.description, "needs"] }

    /// The fleets from the first that comes up again down to itself. Fleets that were looked at are settled, and not
    /// looked at again.
    private func circle(from name: FleetName, _ settled: inout Set<FleetName>) -> [FleetName]? {
        var open: [(name: FleetName, rest: ArraySlice<FleetName>)] = []
        func begin(_ name: FleetName) {
            settled.insert(name)
            open.append((name, (definition.fleets[name]?.needs ?? [])[...]))
        }
        if !settled.contains(name) { begin(name) }
        while let last = open.indices.last {
            guard let next = open[last].rest.popFirst() else {
                open.removeLast()
                continue
            }
            if let start = open.firstIndex(where: { $0.name == next }) { return open[start...].map(\.name) }
            if !settled.contains(next) { begin(next) }
        }
        return nil
    }

    private func report(_ circle: [FleetName], _ reading: inout Reading) {
        let first = circle[0]
        let steps = (circle.prefix(8) + [first]).map { "\"\($0)\"" }.joined(separator: " needs ")
        reading.report(
            "circle",
            circle.count == 1 ? "the fleet needs itself" : "fleets need each other: \(steps)",
            at: reading.span(needs(of: first)),
            hint: "one of them must start without the others",
            notes: circle.dropFirst().prefix(7).flatMap {
                reading.note("\"\($0)\" does here", at: needs(of: $0))
            }
        )
    }

    /// Fleets that others need share one address inside: they differ by their ports alone.
    private func judgeInsidePorts(_ reading: inout Reading) {
        var first: [UInt16: PlacedListener] = [:]
        for listener in listeners(reading)
        where definition.isNeeded(listener.fleet) && !listener.listener.redirects {
            let address = listener.listener.address
            guard let earlier = first[address.port] else {
                first[address.port] = listener
                continue
            }
            // Of one fleet, or at the same address, is told where listeners are compared.
            if earlier.fleet == listener.fleet || earlier.listener.address.meets(address) { continue }
            reading.report(
                "duplicate-listen",
                "the fleet \"\(earlier.fleet)\" has port \(address.port) too, and other fleets need both",
                at: reading.span(listener.place),
                hint: "give each of them a port of its own: instances reach both at one address",
                notes: reading.note("it is here", at: earlier.place)
            )
        }
    }
}
