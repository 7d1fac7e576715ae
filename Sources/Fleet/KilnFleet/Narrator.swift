import KilnDefinition
import KilnDiagnostics

/// Passes on what happens to a fleet to whoever shows progress.
enum Narrator {
    static func work(_ fleet: FleetName) -> WorkID { WorkID("fleet/\(fleet)") }

    static func tell(_ event: FleetEvent) {
        Progress.report(.output(work(event.fleet), line: event.message))
    }
}
