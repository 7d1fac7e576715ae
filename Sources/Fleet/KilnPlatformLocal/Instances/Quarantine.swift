import Glibc
package import KilnDefinition
package import KilnFleet
import KilnSystem
import SystemPackage

/// Stops an instance where it is: frozen, and cut off from its network. Nothing of it is changed, so that a person finds what it
/// had in memory and on its connections.
struct Quarantine: Sendable {
    let paths: InstancePaths
    let cgroups: Cgroups
    let runner: ToolRunner

    func begin() async throws {
        try freeze(true)
        let namespace = paths.networkNamespace
        guard Files.exists(namespace) else { return }
        let words = ["--net=\(namespace)", "ip", "link", "set", "dev", "eth0", "down"]
        try await runner.run(ToolInvocation("nsenter", words))
    }

    /// Ends a frozen instance without letting it run: what is killed while it is frozen dies as it thaws.
    func end() throws {
        guard isFrozen() else { return }
        for pid in cgroups.processes(paths.id, of: paths.fleet.fleet) { kill(pid, SIGKILL) }
        try freeze(false)
    }

    /// By the second version of control groups where it has the controller, else by the first.
    private func freeze(_ isFrozen: Bool) throws {
        var isDone = false
        for switchboard in switches() {
            try Cgroups.put(isFrozen ? switchboard.on : switchboard.off, into: switchboard.file)
            isDone = true
        }
        guard isDone || !isFrozen else {
            throw LocalPlatformError(
                .state,
                "\(paths.id) cannot be frozen",
                causes: ["its control groups have no freezer"],
                hint: "drift: {respond: replace} needs none"
            )
        }
    }

    private func isFrozen() -> Bool {
        switches().contains { switchboard in
            let text = (try? Files.readText(switchboard.file)) ?? ""
            return text.prefix { !$0.isNewline } != switchboard.off
        }
    }

    private struct Switch {
        let file: FilePath
        let on: String
        let off: String
    }

    private func switches() -> [Switch] {
        cgroups.folders(paths.id, of: paths.fleet.fleet).flatMap { folder -> [Switch] in
            let known = [
                Switch(file: folder.appending("cgroup.freeze"), on: "1", off: "0"),
                Switch(file: folder.appending("freezer.state"), on: "FROZEN", off: "THAWED"),
            ]
            return known.filter { Files.exists($0.file) }
        }
    }
}

extension LocalPlatform {
    package func isolate(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        try await fence(paths.fleet).pass(token) {
            let cgroups = try Cgroups.current(of: home)
            try await Quarantine(paths: paths, cgroups: cgroups, runner: ToolRunner()).begin()
        }
    }
}
