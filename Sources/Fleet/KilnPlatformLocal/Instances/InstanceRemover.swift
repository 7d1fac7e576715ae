import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// Ends an instance and removes everything that it had, except volumes. Whatever is gone already is fine.
struct InstanceRemover: Sendable {
    let home: KilnHome
    let runner: ToolRunner

    func remove(_ paths: InstancePaths) async throws {
        let stop = Record.readable(InstanceSpec.self, from: paths.spec)?.release.content.stop
        let cgroups = try Cgroups.current(of: home)
        try Quarantine(paths: paths, cgroups: cgroups, runner: runner).end()
        try await DebugTools(paths: paths, runner: runner).end()
        try await Container(paths: paths, runner: runner).stop(
            signal: SignalName.number(of: stop?.signal ?? "TERM"),
            grace: stop?.grace ?? .seconds(10),
            cgroups: cgroups
        )
        let network = InstanceNetwork(bridge: Bridge(home: home, runner: runner), runner: runner)
        try await network.detach(paths)
        let mounts = RootMounts(home: home)
        try mounts.unmountRoot(of: paths)
        cgroups.remove(paths.id, of: paths.fleet.fleet)
        try Files.remove(paths.runtime)
        try Files.remove(paths.supervisorSockets.appending(paths.id.description))
        try removeFolder(paths)
        try await mounts.unmountUnused()
    }

    /// The spec goes last: until then the instance is known, and removing it can be taken up again.
    private func removeFolder(_ paths: InstancePaths) throws {
        for name in try Files.list(paths.directory) where name != paths.spec.lastComponent?.string {
            try Files.remove(paths.directory.appending(name))
        }
        try Files.remove(paths.directory)
    }
}
