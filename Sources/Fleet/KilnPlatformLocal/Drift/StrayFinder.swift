import KilnDrift
import KilnFleet

/// Finds what runs or is balanced in a fleet's name and that no instance stands behind. Pure.
enum StrayFinder {
    static func findings(_ strays: [Strays.Stray]) -> [DriftFinding] {
        strays.filter { $0.isContainer || $0.processes > 0 }.map { stray in
            let count = stray.processes
            let what = count > 0 ? "\(count) running \(count == 1 ? "process" : "processes")" : "a container"
            return DriftFinding(
                .strayContainer,
                instance: nil,
                subject: stray.paths.id.description,
                detail: "\(what), of no instance"
            )
        }
    }

    /// Differences between what the balancer should be, its file, and what runs. They belong to no instance, since converging
    /// repairs the balancer alone.
    static func findings(_ look: BalancerLook) -> [DriftFinding] {
        let strays = look.routed.filter { !look.config.balances($0) }.sorted().map { name in
            DriftFinding(.strayServer, instance: nil, subject: name, detail: "gets requests, is no instance")
        }
        return strays + fileFindings(look, hasStrays: !strays.isEmpty) + runtimeFindings(look)
    }

    private static func fileFindings(_ look: BalancerLook, hasStrays: Bool) -> [DriftFinding] {
        guard let text = look.text else { return [changed("file", "is missing")] }
        if text == look.expectedText { return [] }
        // A stray entry alone was told already.
        let others = text.split(separator: "\n").filter { line in
            let words = line.split(separator: " ")
            let isStray =
                words.first == "server" && words.count > 1
                && !look.config.balances(String(words[1]))
            return !(isStray && hasStrays)
        }
        let expected = look.expectedText.split(separator: "\n")
        return others == expected ? [] : [changed("file", "is not what was written")]
    }

    private static func runtimeFindings(_ look: BalancerLook) -> [DriftFinding] {
        guard look.config.isListening else { return [] }
        guard let state = look.state else { return [changed("process", "does not answer")] }
        return BalancerPlan.steps(from: state, to: look.config, stamp: look.stamp).compactMap { step in
            switch step {
            case .reload: changed("process", "runs with another configuration than the fleet's")
            case .add(let server): changed(server.id.description, detail(server, state.servers[server.id]))
            case .enable(let id): changed(id.description, "was told to take no requests")
            case .weigh(let id, let weight):
                changed(
                    id.description,
                    "gets weight \(state.servers[id]?.weight ?? 0) instead of \(weight)"
                )
            case .remove(let id): stray(id, look, state)
            }
        }
    }

    private static func detail(_ server: BalancerConfig.Server, _ running: BalancerState.Server?) -> String {
        let endpoint = "\(server.address):\(server.port)"
        return running.map { "sends requests to \($0.endpoint) instead of \(endpoint)" }
            ?? "is not known to the running process"
    }

    /// nil for one that was told already, and for one that leaves: it stays in maintenance until its last connection has closed.
    private static func stray(_ id: ServerID, _ look: BalancerLook, _ state: BalancerState) -> DriftFinding? {
        guard look.config.server(id) == nil, !look.routed.contains(id.instance),
            let server = state.servers[id],
            !server.isInMaintenance
        else { return nil }
        return DriftFinding(
            .strayServer,
            instance: nil,
            subject: id.description,
            detail: "gets requests at \(server.endpoint)"
        )
    }

    private static func changed(_ subject: String, _ detail: String) -> DriftFinding {
        DriftFinding(.balancerChanged, instance: nil, subject: "balancer: \(subject)", detail: detail)
    }
}
