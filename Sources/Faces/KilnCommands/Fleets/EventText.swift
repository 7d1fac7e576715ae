import KilnFleet
import KilnSystem

/// An event in a line.
enum EventText {
    /// With its time, and who asked for it.
    static func line(_ event: FleetEvent) -> String {
        "\(WallClock.format(event.time))  \(event.message)\(asked(event))"
    }

    /// ` (anna: fix the login)`; nothing where nobody asked.
    static func asked(_ event: FleetEvent) -> String {
        let parts = [event.author, event.why].compactMap(\.self)
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ": ")))"
    }
}
