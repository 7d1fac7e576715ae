import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// Containers under the home's runtime, and control groups, that belong to no instance of any fleet.
struct Strays: Sendable {
    let home: KilnHome
    let cgroups: Cgroups

    struct Stray: Sendable, Hashable {
        let paths: InstancePaths
        /// Running in its control groups.
        let processes: Int
        /// Whether the runtime knows it.
        let isContainer: Bool
    }

    /// Those that this fleet answers for, sorted by their names.
    func found(by fleet: FleetName) throws -> [Stray] {
        // What is there before who is known: an instance is known before it has anything.
        let containers = Set(try Files.list(home.runtime.appending("runc")))
        let groups = cgroups.names(of: fleet)
        let fleets = try fleets()
        let names = containers.filter { owner(of: $0, fleets) == fleet }.union(groups)
            .filter { !isInstance($0, of: fleet) }
        if names.isEmpty { return [] }
        let known = Set(
            try fleets.flatMap { try FleetPaths(home: home, fleet: $0).instances().map(\.id.description) }
        )
        return names.subtracting(known).sorted().map { name in
            let named = groups.contains(name) ? nil : Self.fleet(named: name)
            return Stray(
                paths: FleetPaths(home: home, fleet: named ?? fleet).instance(InstanceID(name)),
                processes: groups.contains(name)
                    ? cgroups.processes(InstanceID(name), of: fleet).count : 0,
                isContainer: containers.contains(name)
            )
        }
    }

    /// Most are: those of no fleet are looked for only for the rest.
    private func isInstance(_ name: String, of fleet: FleetName) -> Bool {
        Files.exists(FleetPaths(home: home, fleet: fleet).instance(InstanceID(name)).spec)
    }

    /// The fleet that the container's name names, where there is such a fleet; else the home's first, so that there is one.
    private func owner(of container: String, _ fleets: [FleetName]) -> FleetName? {
        let named = Self.fleet(named: container)
        return fleets.first { $0 == named } ?? fleets.min()
    }

    /// The part before `-<release>-<suffix>`.
    private static func fleet(named container: String) -> FleetName? {
        let words = container.split(separator: "-", omittingEmptySubsequences: false)
        return try? FleetName(parsing: words.dropLast(2).joined(separator: "-"))
    }

    private func fleets() throws -> [FleetName] {
        try Files.list(home.run).compactMap { try? FleetName(parsing: $0) }
    }
}
