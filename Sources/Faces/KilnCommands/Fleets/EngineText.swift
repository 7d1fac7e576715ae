import KilnFleet

/// What an engine shows of a fleet, in lines for people.
struct EngineText {
    private let engine: EngineStatus

    init(_ engine: EngineStatus) {
        self.engine = engine
    }

    /// What it does and has, then what it says of itself.
    var lines: [String] {
        let told = engine.release.map { "release \($0)" } ?? "nothing of Kiln's"
        let late = engine.isTold ? "" : ", which is not what is written down yet"
        let why = engine.message.map { ": \($0)" } ?? ""
        let counts =
            "\(engine.desired) desired, \(engine.updated) updated, \(engine.available) available, \(engine.left) to go"
        return ["\(engine.activity)\(why); told \(told)\(late); \(counts)"]
            + (engine.shortage.map { ["no room: \($0)"] } ?? [])
            + engine.conditions.map { "\($0.name): \($0.reason)" }
    }
}
