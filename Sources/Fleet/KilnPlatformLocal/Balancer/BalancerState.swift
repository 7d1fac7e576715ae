package import KilnFleet

/// What an instance gets of the requests.
struct BalancerShare: Sendable, Hashable {
    let traffic: InstanceObservation.Traffic
    let weight: Int

    /// With requests that others still have of it, where it leaves.
    func adding(_ more: Int) -> BalancerShare {
        guard case .draining(let sessions) = traffic else { return self }
        return BalancerShare(traffic: .draining(sessions: sessions + more), weight: weight)
    }
}

/// What a running balancer says of itself (HAProxy management guide, "show info" and "show stat").
package struct BalancerState: Sendable, Hashable {
    package struct Server: Sendable, Hashable {
        package let endpoint: String
        package let weight: Int
        /// `UP`, `DOWN`, `DRAIN`, `MAINT`, `no check` or on the way, such as `UP 1/3`.
        package let status: String
        /// Requests under way.
        package var sessions: Int

        package var isInMaintenance: Bool { status.hasPrefix("MAINT") }
        /// Weight 0 alone, Kiln's way, shows as draining too.
        package var drainsByHand: Bool { status.hasPrefix("DRAIN") && weight > 0 }
        /// Whether requests go there.
        package var isTaken: Bool { status.hasPrefix("UP") || status == "no check" }

        package var traffic: InstanceObservation.Traffic {
            if isInMaintenance { return .none }
            return weight > 0 && isTaken ? .ready : .draining(sessions: sessions)
        }
    }

    /// The stamp of the file it was started with.
    package let stamp: String
    /// The process that says it; nil when it does not name itself.
    let worker: Int32?
    package var servers: [ServerID: Server]

    package init(stamp: String, servers: [ServerID: Server]) {
        self.stamp = stamp
        worker = nil
        self.servers = servers
    }

    /// Reads the answers to both questions.
    package init(info: String, stat: String) {
        let description = info.split(separator: "\n").first { $0.hasPrefix("description: ") }
        stamp = description.map { String($0.dropFirst("description: ".count)) } ?? ""
        worker = BalancerCounts.process(info)
        servers = Self.servers(stat)
    }

    package static func servers(_ stat: String) -> [ServerID: Server] {
        var servers: [ServerID: Server] = [:]
        for (id, cell) in StatTable.servers(stat) {
            servers[id] = Server(
                endpoint: cell("addr"),
                weight: Int(cell("weight")) ?? 0,
                status: cell("status"),
                sessions: Int(cell("scur")) ?? 0
            )
        }
        return servers
    }

    /// What each instance gets, with all its ports together: it is ready when all of them are, and its requests are those of
    /// all.
    static func shares(_ servers: [ServerID: Server]) -> [String: BalancerShare] {
        Dictionary(grouping: servers, by: \.key.instance).mapValues { entries in
            let servers = entries.map(\.value)
            let weight = servers.map(\.weight).max() ?? 0
            let traffic: InstanceObservation.Traffic =
                if servers.allSatisfy(\.isInMaintenance) {
                    .none
                } else if servers.allSatisfy({ $0.traffic == .ready }) {
                    .ready
                } else {
                    .draining(sessions: servers.map(\.sessions).reduce(0, +))
                }
            return BalancerShare(traffic: traffic, weight: weight)
        }
    }
}
