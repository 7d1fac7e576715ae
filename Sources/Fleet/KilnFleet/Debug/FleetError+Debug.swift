import KilnDefinition
import KilnDiagnostics
import KilnSystem

extension FleetError {
    static func noInstance(_ id: InstanceID, of fleet: FleetName, known: [InstanceID]) -> FleetError {
        FleetError(
            .unknownInstance,
            "fleet \(fleet) has no instance \(id)",
            hint: Spelling.hint(for: id.description, in: known.map(\.description))
                ?? "kiln status \(fleet) lists its instances",
            status: .usage
        )
    }

    static func cannotDebug(_ id: InstanceID, _ why: String, hint: String? = nil) -> FleetError {
        FleetError(
            .debug,
            "instance \(id) cannot be debugged: \(why)",
            hint: hint ?? "kiln why \(id) tells what became of it",
            status: .usage
        )
    }

    /// What is to become of an instance that a person looks at does not succeed.
    static func stuck(_ id: InstanceID, _ why: String) -> FleetError {
        FleetError(
            .platform,
            "instance \(id) is neither out of traffic nor gone, after \(FleetRun.patience) attempts",
            causes: [why],
            hint: "it is tried again with every command and by kiln serve; kiln why \(id) tells more"
        )
    }

    static func debugged(_ id: InstanceID, _ hold: DebugHold) -> FleetError {
        let who = hold.author ?? "somebody"
        let pid = hold.session.map { " (process \($0.pid))" } ?? ""
        return FleetError(
            .debug,
            "\(who)\(pid) debugs instance \(id) already, until \(WallClock.format(hold.until)): \(hold.why)",
            hint: "one at a time: wait for that session to end, or debug another instance",
            status: .usage
        )
    }

    /// Traffic would have nothing.
    static func lastOne(_ id: InstanceID, of fleet: FleetName, _ why: String) -> FleetError {
        FleetError(
            .lastOne,
            "instance \(id) is the last one of fleet \(fleet) that serves",
            causes: ["its replacement would have to serve first, and cannot be made: \(why)"],
            hint: "--now takes it out of traffic all the same; requests fail until something else serves"
        )
    }
}
