import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// What crashes leave behind that no instance's folder tells of any more.
struct Leftovers: Sendable {
    let home: KilnHome
    let runner: ToolRunner

    func hasRunningInstances() throws -> Bool {
        try fleets().contains { try $0.instances().contains(where: InstanceObserver().isRunning) }
    }

    /// Removes namespaces, mounts, addresses and empty folders that belong to no instance.
    ///
    /// Always looks at what is there before it asks who is known: an instance is known before it has anything.
    func remove(in fleet: FleetPaths) async throws {
        for name in try Files.list(fleet.directory) {
            // Only an empty folder: creating an instance was cut off before its first file.
            rmdir(fleet.directory.appending(name).string)
        }
        // What a power loss emptied: nothing of it runs any more.
        for instance in try fleet.instances() where Files.facts(instance.spec)?.size == 0 {
            try await InstanceRemover(home: home, runner: runner).remove(instance)
        }
        for folder in ["netns", "instances"].map({ home.runtime.appending($0) }) {
            let names = try Files.list(folder)
            let known = try known()
            for name in names where !known.contains(name) {
                try Mounts.unmountAll(under: folder.appending(name))
                try Files.remove(folder.appending(name))
            }
        }
        let network = InstanceNetwork(bridge: Bridge(home: home, runner: runner), runner: runner)
        try await network.freeLeases { try !known().contains($0) }
        try await RootMounts(home: home).unmountUnused()
    }

    /// Removes the bridge and the runtime folders when no fleet is left.
    func removeNetworkOfEmptyHome() async throws {
        let isEmpty = try await Bridge(home: home, runner: runner).remove { try fleets().isEmpty }
        guard isEmpty else { return }
        for name in ["netns", "instances", "images", "layers", "conmon", "runc", "haproxy"] {
            try Files.remove(home.runtime.appending(name))
        }
    }

    private func known() throws -> Set<String> {
        Set(try fleets().flatMap { try $0.instances().map(\.id.description) })
    }

    private func fleets() throws -> [FleetPaths] {
        try Files.list(home.run).compactMap { try? FleetName(parsing: $0) }
            .map { FleetPaths(home: home, fleet: $0) }
    }
}
