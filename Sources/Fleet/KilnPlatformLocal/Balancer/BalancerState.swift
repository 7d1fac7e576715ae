package import KilnFleet

/// What an instance gets of the requests.
struct BalancerShare: Sendable, Hashable {
    let traffic: InstanceObservation.Traffic
    let weight: Int
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
    package var servers: [String: Server]

    package init(stamp: String, servers: [String: Server]) {
        self.stamp = stamp
        self.servers = servers
    }

    /// Reads the answers to both questions.
    package init(info: String, stat: String) {
        let description = info.split(separator: "\n").first { $0.hasPrefix("description: ") }
        stamp = description.map { String($0.dropFirst("description: ".count)) } ?? ""
        servers = Self.servers(stat)
    }

    package static func servers(_ stat: String) -> [String: Server] {
        var servers: [String: Server] = [:]
        for (name, cell) in StatTable.servers(stat) {
            servers[name] = Server(
                endpoint: cell("addr"),
                weight: Int(cell("weight")) ?? 0,
                status: cell("status"),
                sessions: Int(cell("scur")) ?? 0
            )
        }
        return servers
    }
}
