import OrderedCollections

/// How fleets build on one another.
extension Definition {
    /// The ports of the fleets that this one needs and can reach, by their names.
    package func peers(of fleet: FleetDefinition) -> [FleetName: UInt16] {
        let ports = fleet.needs.compactMap { name in
            (fleets[name]?.listen?.leading.first?.address.port).map { (name, $0) }
        }
        return Dictionary(ports) { first, _ in first }
    }

    /// Of the fleets that this one needs, the ports that have a name, by that.
    package func peerPorts(of fleet: FleetDefinition) -> [FleetName: [String: UInt16]] {
        let ports = fleet.needs.compactMap { name in
            fleets[name]?.listen.map { (name, $0.named) }
        }
        return Dictionary(ports.filter { !$0.1.isEmpty }) { first, _ in first }
    }

    /// Whether another fleet needs this one.
    package func isNeeded(_ name: FleetName) -> Bool {
        fleets.contains { $0.key != name && $0.value.needs.contains(name) }
    }
}
