import KilnRollout

// What must hold of instances that a person looks at.
extension World {
    /// By the driver's knowledge: what runs stays until its time.
    func checkCustody(of key: InstanceKey, in state: FleetState) {
        guard let instance = state.instances.first(where: { $0.key == key }), instance.isTaken,
            let custody = instance.custody, custody.until > instant
        else { return }
        if instance.process == .running || instance.process == .planned {
            fail("custody: \(key) is to go before its time")
        }
    }

    /// Neither a pause nor a freeze keeps it in traffic or beyond its time.
    func isOfCustody(_ action: Action, in state: FleetState) -> Bool {
        let key: InstanceKey
        switch action {
        case .change(.stop(let stopped)): key = stopped
        case .drain(let other), .detach(let other), .destroy(let other): key = other
        case .change, .create, .route: return false
        }
        return state.instances.contains { $0.key == key && $0.isTaken }
    }

    /// In truth: out of traffic soon, and gone soon after its time, whatever the platform and the drivers do.
    func checkCustodies() {
        for (key, note) in notes {
            guard note.isTaken, let custody = note.custody, let unit = units[key] else {
                inTraffic[key] = nil
                continue
            }
            if unit.traffic == 1 { inTraffic[key] = inTraffic[key] ?? now } else { inTraffic[key] = nil }
            if let since = inTraffic[key], now - since > Self.custodySlack {
                fail("custody: \(key) still gets requests")
            }
            if now - custody.until.nanoseconds > Self.custodySlack {
                fail("custody: \(key) is there after its time")
            }
        }
    }

    /// A platform that is dark for two times in a row, no driver for another, lost calls, and the drain.
    private static let custodySlack: Int64 = 300_000_000_000
}
