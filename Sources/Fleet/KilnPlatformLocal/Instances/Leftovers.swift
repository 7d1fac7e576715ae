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

    /// Removes containers, namespaces, mounts, addresses and folders that belong to no instance.
    ///
    /// Always looks at what is there before it asks who is known: an instance is known before it has anything.
    func remove(in fleet: FleetPaths) async throws {
        for instance in try unreadable(in: fleet) { try await remover.remove(instance) }
        // Before their addresses are free and their mounts are gone: they still use both.
        let strays = Strays(home: home, cgroups: try Cgroups.current(of: home))
        for stray in try strays.found(by: fleet.fleet) { try await remover.remove(stray.paths) }
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
        func removeFolders() throws {
            for name in ["netns", "instances", "images", "layers", "conmon", "runc", "haproxy"] {
                try Files.remove(home.runtime.appending(name))
            }
        }
        let bridge = Bridge(home: home, runner: runner)
        try await bridge.remove(if: { try fleets().isEmpty }, with: removeFolders)
    }

    /// Instances' folders that do not say what instance they are: one that is being made has nothing else yet, one whose spec a power
    /// loss emptied or a mishap damaged cannot be told from rubbish once nothing runs in it.
    private func unreadable(in fleet: FleetPaths) throws -> [InstancePaths] {
        try Files.list(fleet.directory).filter { $0.hasPrefix("\(fleet.fleet)-") }
            .map { fleet.instance(InstanceID($0)) }
            .filter { instance in
                guard Files.facts(instance.directory)?.kind == .directory else { return false }
                if let facts = Files.facts(instance.spec) {
                    guard Record.readable(InstanceSpec.self, from: instance.spec) == nil else { return false }
                    return facts.size == 0 || !InstanceObserver().isRunning(instance)
                }
                return try !isBeingWritten(instance)
            }
    }

    /// Whether a command that runs writes the first file just now (`.spec.json.<pid>.<number>.tmp`).
    private func isBeingWritten(_ instance: InstancePaths) throws -> Bool {
        try Files.list(instance.directory).contains { name in
            let words = name.split(separator: ".")
            guard name.hasSuffix(".tmp"), words.count > 3, let pid = Int32(words[words.count - 3]) else {
                return false
            }
            return ProcessIdentity(pid: pid) != nil
        }
    }

    private func known() throws -> Set<String> {
        Set(try fleets().flatMap { try $0.instances().map(\.id.description) })
    }

    private func fleets() throws -> [FleetPaths] {
        try Files.list(home.run).compactMap { try? FleetName(parsing: $0) }
            .map { FleetPaths(home: home, fleet: $0) }
    }

    private var remover: InstanceRemover { InstanceRemover(home: home, runner: runner) }
}
