import KilnSystem

/// What became of one instance, and why.
package struct InstanceExplanation: Sendable, Hashable, Codable {
    package let instance: InstanceID
    package let release: ReleaseNumber?
    /// What is happening to it.
    package let doing: String
    package let waits: [FleetExplanation.Wait]
    package let next: String?
    /// What led to its last event, newest first.
    package let because: [FleetEvent]
    /// Its own events, oldest first.
    package let history: [FleetEvent]

    /// Nil for one that nothing is known of. `seen` is how it is at this moment, nil for one that is gone.
    init?(
        _ instance: InstanceID,
        _ seen: FleetStatus.Instance?,
        _ status: FleetStatus?,
        events: [FleetEvent]
    ) {
        let own = events.filter { $0.instance == instance }
        guard seen != nil || !own.isEmpty else { return nil }
        self.instance = instance
        release = seen?.release ?? own.last?.release
        history = own
        because = CauseChain.of(instance, in: events)
        waits = status?.explanation.waits.filter { $0.instance == instance } ?? []
        let name = release.map { "of release \($0), " } ?? ""
        guard let seen else {
            doing = "\(name)gone"
            next = nil
            return
        }
        let health = seen.health.map { ", \($0)" } ?? ""
        let answer = seen.healthReason.map { " (\($0))" } ?? ""
        let traffic = seen.traffic == "none" ? "without requests" : "traffic \(seen.traffic)"
        doing = "\(name)\(seen.state)\(health)\(answer), \(traffic)"
        if seen.state == "stopping" {
            next = "it is removed"
        } else if let debug = seen.debug, seen.isTaken {
            let who = debug.author ?? "somebody"
            let why = debug.isQuarantined == true ? "it is in quarantine" : "\(who) looks at it"
            next = "\(why); it is destroyed by \(WallClock.format(debug.until))"
        } else if let condemned = seen.condemned {
            next = "it is replaced: \(condemned)"
        } else {
            next = nil
        }
    }
}
