/// What a running balancer must be told so that it is what its file says. Pure.
package enum BalancerPlan {
    package enum Step: Sendable, Hashable {
        /// Something that a running process cannot change: start a new worker on the file.
        case reload
        case add(BalancerConfig.Server)
        /// Ends half an addition, or what somebody told it by hand: health checks and traffic on.
        case enable(String)
        case weigh(String, Int)
        case remove(String)
    }

    package static func steps(from state: BalancerState, to config: BalancerConfig, stamp: String) -> [Step] {
        guard state.stamp == stamp else { return [.reload] }
        var steps: [Step] = []
        for server in config.servers {
            guard let running = state.servers[server.name] else {
                steps.append(.add(server))
                continue
            }
            if running.endpoint != "\(server.address):\(server.port)" {
                steps += [.remove(server.name), .add(server)]
            } else {
                if running.weight != server.weight { steps.append(.weigh(server.name, server.weight)) }
                if running.isInMaintenance || running.drainsByHand { steps.append(.enable(server.name)) }
            }
        }
        let wanted = Set(config.servers.map(\.name))
        return steps + state.servers.keys.filter { !wanted.contains($0) }.sorted().map { .remove($0) }
    }

    /// What an old worker, which finishes the connections it has, must be told: it learns of no new server.
    package static func steps(
        forOldWorker servers: [String: BalancerState.Server],
        to config: BalancerConfig
    ) -> [Step] {
        servers.sorted { $0.key < $1.key }.compactMap { name, running in
            guard let server = config.server(name) else {
                return running.isInMaintenance && running.sessions == 0 ? nil : .remove(name)
            }
            return running.weight == server.weight ? nil : .weigh(name, server.weight)
        }
    }

    /// The commands of a step, each sent alone and its answer awaited.
    package static func commands(_ step: Step) -> [String] {
        let backend = BalancerConfig.backend
        return switch step {
        case .reload: []
        case .add(let server):
            ["add server \(backend)/\(BalancerFile.words(server).joined(separator: " "))"]
                + commands(.enable(server.name))
        case .enable(let name):
            ["enable health \(backend)/\(name)", "set server \(backend)/\(name) state ready"]
        case .weigh(let name, let weight): ["set weight \(backend)/\(name) \(weight)"]
        case .remove(let name):
            [
                "set server \(backend)/\(name) state maint", "shutdown sessions server \(backend)/\(name)",
                "del server \(backend)/\(name)",
            ]
        }
    }
}
