import KilnDefinition
import KilnDrift
import KilnFleet
import KilnSystem
import SystemPackage

/// Finds what runs or is balanced in a fleet's name and that no instance stands behind.
struct StrayFinder: Sendable {
    let paths: FleetPaths
    let cgroups: Cgroups

    /// Containers under the home's runtime, and processes in control groups, that belong to no instance of any fleet.
    func strayContainers() throws -> [DriftFinding] {
        let known = try knownInstances()
        let containers = try Files.list(paths.home.runtime.appending("runc")).filter { name in
            try !known.contains(name) && fleet(of: name) == paths.fleet
        }
        let groups = cgroups.members(of: paths.fleet).filter { !known.contains($0.key) && !$0.value.isEmpty }
        let named = Set(containers).union(groups.keys)
        return named.sorted().map { name in
            let count = groups[name]?.count ?? 0
            let detail =
                count > 0 ? "\(count) running \(count == 1 ? "process" : "processes")" : "a container"
            return DriftFinding(
                .strayContainer,
                instance: nil,
                subject: name,
                detail: "\(detail), of no instance"
            )
        }
    }

    /// Differences between the balancer's file, what it was told, and the instances there are.
    func balancerFindings(
        _ config: BalancerConfig?,
        isOurs: Bool,
        _ state: BalancerState?
    ) throws -> [DriftFinding] {
        guard Files.exists(paths.balancerConfig) else { return [] }
        guard let config, isOurs else {
            return [
                DriftFinding(
                    .balancerChanged,
                    instance: nil,
                    subject: paths.balancerConfig.string,
                    detail: "is not what was written"
                )
            ]
        }
        let known = try Set(paths.instances().map(\.id.description))
        let strays = config.servers.filter { !known.contains($0.name) }.map { server in
            DriftFinding(
                .strayServer,
                instance: nil,
                subject: server.name,
                detail: "in the balancer's file, no instance"
            )
        }
        guard config.listen != nil, let state else { return strays }
        return strays + runtimeFindings(config, state)
    }

    private func runtimeFindings(_ config: BalancerConfig, _ state: BalancerState) -> [DriftFinding] {
        let told = Dictionary(config.servers.map { ($0.name, $0) }) { first, _ in first }
        var findings: [DriftFinding] = []
        for (name, server) in state.servers.sorted(by: { $0.key < $1.key }) {
            guard let expected = told[name] else {
                if server.isInMaintenance { continue }
                findings.append(
                    DriftFinding(
                        .strayServer,
                        instance: nil,
                        subject: name,
                        detail: "gets requests at \(server.endpoint)"
                    )
                )
                continue
            }
            let endpoint = "\(expected.address):\(expected.port)"
            guard endpoint != server.endpoint else { continue }
            let detail = "sends requests to \(server.endpoint) instead of \(endpoint)"
            findings.append(
                DriftFinding(
                    .balancerChanged,
                    instance: InstanceID(name),
                    subject: "balancer",
                    detail: detail
                )
            )
        }
        return findings
    }

    private func knownInstances() throws -> Set<String> {
        var known: Set<String> = []
        for fleet in try fleets() {
            known.formUnion(try FleetPaths(home: paths.home, fleet: fleet).instances().map(\.id.description))
        }
        return known
    }

    /// The fleet whose name the container's begins with, the longest where several do; a name that fits none is laid at the
    /// first fleet's door, so that it is told once.
    private func fleet(of container: String) throws -> FleetName? {
        let fleets = try fleets()
        return fleets.filter { container.hasPrefix("\($0)-") }.max {
            $0.description.count < $1.description.count
        }
            ?? fleets.min()
    }

    private func fleets() throws -> [FleetName] {
        try Files.list(paths.home.run).compactMap { try? FleetName(parsing: $0) }
    }
}
