package import KilnDefinition
package import KilnFleet
import KilnSystem
package import SystemPackage

// Reading what an instance has, from outside.
extension LocalPlatform {
    /// Copies a path of a running instance to one that does not exist yet; tells what was left out. Runs nothing in the
    /// instance and changes nothing of it.
    package func copy(
        _ path: FilePath,
        of instance: InstanceID,
        in fleet: FleetName,
        to target: FilePath,
        owner: FileOwner?
    ) async throws -> [InstanceRoot.Omission] {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        guard let process = Record.readable(ProcessRecord.self, from: paths.process)?.process,
            process.isAlive
        else { throw Self.notRunning(instance, in: fleet) }
        return try await Blocking.run {
            let mounts = try MountTable.of(processID: process.pid).entries
            return try InstanceRoot.with(FilePath("/proc/\(process.pid)/root"), mounts: mounts) { root in
                // Once its root is open and its mounts are known, another process of the same number is no danger; before, it is.
                guard process.isAlive else { throw Self.notRunning(instance, in: fleet) }
                return try root.copy(path, to: target, owner: owner)
            }
        }
    }

    private static func notRunning(_ instance: InstanceID, in fleet: FleetName) -> LocalPlatformError {
        LocalPlatformError(
            .state,
            "instance \(instance) does not run",
            hint: "kiln status \(fleet) lists those that do"
        )
    }
}
