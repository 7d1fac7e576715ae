import KilnDefinition
import KilnRollout

// The same where an engine decides the steps: Kiln waits for the engine, and the engine for its instances.
extension Explainer {
    func waits(for engine: EngineStatus) -> [FleetExplanation.Wait] {
        switch rollout.phase {
        case .stopped: []
        case .frozen: [.init("a person's word")]
        case .steady: lacks(of: engine) + trouble
        case .baking(let since): lacks(of: engine) + [bake(since)]
        case .stopping:
            [.init("the engine to remove \(Self.instances(facts.instances.count))")] + trouble
        case .rolling, .rollingBack: lacks(of: engine) + trouble + [deadline].compactMap(\.self)
        }
    }

    private func lacks(of engine: EngineStatus) -> [FleetExplanation.Wait] {
        let wanted = record.policy.instances
        var waits: [FleetExplanation.Wait] = []
        if rollout.target != nil, !engine.isTold { waits.append(.init("the engine to take \(target)")) }
        if let message = engine.message {
            waits.append(
                .init("Kiln's judgement of what the engine says: it \(engine.activity)", answer: message)
            )
        }
        if let shortage = engine.shortage { waits.append(.init("room for instances", answer: shortage)) }
        if engine.updated < wanted {
            waits.append(
                .init(
                    "the engine to make \(wanted - engine.updated) of \(Self.instances(wanted)) of \(target)"
                )
            )
        }
        let own = facts.instances.filter { $0.release.key == rollout.target && $0.state != "stopping" }
        let unavailable = own.filter { $0.health != "healthy" }
        if !unavailable.isEmpty {
            waits.append(
                .init(
                    "\(Self.instances(unavailable.count)) of \(target) to be available",
                    instance: unavailable.first?.id,
                    answer: unavailable.lazy.compactMap(\.healthReason).first
                )
            )
        }
        if engine.left > 0 { waits.append(.init("the engine to remove \(Self.instances(engine.left))")) }
        return waits
    }
}
