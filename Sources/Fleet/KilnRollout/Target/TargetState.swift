/// All that is judged by, where an engine decides the steps.
package struct TargetState: Sendable, Hashable {
    /// What is written down of the fleet; its `instances` are empty, since the engine has them.
    package var fleet: FleetState
    /// Nil when nothing is there.
    package var engine: EngineState?
    package var abilities: EngineAbilities
    /// To be replaced, although they may be well.
    package var condemned: Set<EngineInstanceID>
    /// Why the engine could not make instances at some time since the last progress, if so.
    package var shortage: String?

    package init(
        fleet: FleetState,
        engine: EngineState?,
        abilities: EngineAbilities,
        condemned: Set<EngineInstanceID> = [],
        shortage: String? = nil
    ) {
        self.fleet = fleet
        self.engine = engine
        self.abilities = abilities
        self.condemned = condemned
        self.shortage = engine?.shortage ?? shortage
    }

    /// What the engine should have been told last; nil where nothing shall run.
    var wantedSubmission: Submission? {
        fleet.rollout.target.map { Submission(release: $0, generation: fleet.rollout.generation) }
    }

    var isTold: Bool { engine?.submission != nil && engine?.submission == wantedSubmission }
}

/// One thing to do next where an engine decides the steps: changes to write down, or else one call of the engine.
package enum TargetAction: Sendable, Hashable {
    case change(Change)
    case submit(Submission)
    /// The same on the way back: what is told is known to be good.
    case revert(Submission)
    case pause
    case resume
    case cancel
    case scale(Int)
    /// One instance is to be replaced by another of the same release.
    case retire(EngineInstanceID)
    case remove
}

/// The engine's instances, counted by what they mean to the rollout.
struct EngineCount {
    let wanted: Int
    /// Of the target, and not leaving.
    private(set) var placed = 0
    private(set) var available = 0
    /// Of whatever else, and all that leave.
    private(set) var others = 0
    private let isDone: Bool

    init(_ state: TargetState) {
        wanted = max(0, state.fleet.wanted)
        isDone = state.isTold && state.engine?.activity == .done && state.engine?.wanted == wanted
        for instance in state.engine?.instances ?? [] {
            guard instance.release == state.fleet.rollout.target, instance.health != .leaving else {
                others += 1
                continue
            }
            placed += 1
            if instance.health == .available { available += 1 }
        }
    }

    /// The engine says so, and it shows.
    var isComplete: Bool { isDone && placed == wanted && available == wanted && others == 0 }
}
