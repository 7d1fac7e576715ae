import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import SystemPackage

/// A path in an instance as it is written: `[FLEET/]INSTANCE:PATH`.
struct InstancePlace: Sendable, Hashable {
    let fleet: FleetName?
    /// Its id, or the beginning of it.
    let instance: String
    let path: FilePath

    /// nil for what names no place in an instance: there is no colon, or a path before it.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("/") else { return nil }
        let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(names.count), let name = names.last, !name.isEmpty, name.first != "." else {
            return nil
        }
        if names.count == 2 {
            guard let fleet = FleetName(argument: String(names[0])) else { return nil }
            self.fleet = fleet
        } else {
            fleet = nil
        }
        instance = String(name)
        path = FilePath(String(parts[1]))
    }

    /// The one instance that is meant: by its whole id, or by a beginning that no other has.
    func resolve(among known: [(fleet: FleetName, id: InstanceID)]) throws -> (FleetName, InstanceID) {
        let candidates = known.filter { fleet == nil || $0.fleet == fleet }
        if let exact = candidates.first(where: { $0.id.description == instance }) { return exact }
        let matching = candidates.filter { $0.id.description.hasPrefix(instance) }
        if matching.count == 1, let only = matching.first { return only }
        let names = (matching.isEmpty ? candidates : matching).map(\.id.description).sorted()
        throw DiagnosticFailure(
            Diagnostic(
                code: matching.isEmpty ? "fleet.unknown-instance" : "fleet.ambiguous-instance",
                matching.isEmpty
                    ? "there is no instance \(instance)\(fleet.map { " in fleet \($0)" } ?? "")"
                    : "\(matching.count) instances begin with \(instance)",
                hint: matching.isEmpty
                    ? Spelling.hint(for: instance, in: names) ?? "kiln status lists fleets and instances"
                    : "one of: \(names.prefix(20).joined(separator: ", "))",
                exitStatus: .usage
            )
        )
    }
}
