/// What a running balancer must be told so that it is what its file says. Pure.
package enum BalancerPlan {
    package enum Step: Sendable, Hashable {
        /// Something that a running process cannot change: start a new worker on the file.
        case reload
        case add(BalancerConfig.Server)
        /// Ends half an addition, or what somebody told it by hand: health checks and traffic on.
        case enable(ServerID)
        case weigh(ServerID, Int)
        case remove(ServerID)
    }

    package static func steps(from state: BalancerState, to config: BalancerConfig, stamp: String) -> [Step] {
        guard state.stamp == stamp else { return [.reload] }
        var steps: [Step] = []
        for server in config.servers {
            guard let running = state.servers[server.id] else {
                steps.append(.add(server))
                continue
            }
            if running.endpoint != "\(server.address):\(server.port)" {
                steps += [.remove(server.id), .add(server)]
            } else {
                if running.weight != server.weight { steps.append(.weigh(server.id, server.weight)) }
                if running.isInMaintenance || running.drainsByHand { steps.append(.enable(server.id)) }
            }
        }
        let wanted = Set(config.servers.map(\.id))
        return steps + state.servers.keys.filter { !wanted.contains($0) }.sorted().map { .remove($0) }
    }

    /// What an old worker, which finishes the connections it has, must be told: it learns of no new server. What an instance has at
    /// a port where no listener leads any more is finished as well.
    package static func steps(
        forOldWorker servers: [ServerID: BalancerState.Server],
        to config: BalancerConfig
    ) -> [Step] {
        servers.sorted { $0.key < $1.key }.compactMap { id, running in
            let own = config.server(id) ?? config.servers.first { $0.id.instance == id.instance }
            guard let server = own else {
                return running.isInMaintenance && running.sessions == 0 ? nil : .remove(id)
            }
            return running.weight == server.weight ? nil : .weigh(id, server.weight)
        }
    }

    /// The commands of a step, each sent alone and its answer awaited.
    package static func commands(_ step: Step) -> [String] {
        switch step {
        case .reload: []
        case .add(let server):
            ["add server \(server.id.backend)/\(BalancerFile.words(server).joined(separator: " "))"]
                + commands(.enable(server.id))
        case .enable(let id): ["enable health \(id.path)", "set server \(id.path) state ready"]
        case .weigh(let id, let weight): ["set weight \(id.path) \(weight)"]
        case .remove(let id):
            [
                "set server \(id.path) state maint", "shutdown sessions server \(id.path)",
                "del server \(id.path)",
            ]
        }
    }
}
