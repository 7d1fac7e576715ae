package import KilnDefinition
package import KilnFleet
package import KilnSystem
package import SystemPackage

/// Where a fleet's things lie: what is kept in the home, what ends with the boot in the home's runtime folder.
package struct FleetPaths: Sendable, Hashable {
    package let home: KilnHome
    package let fleet: FleetName
    package let directory: FilePath

    package init(home: KilnHome, fleet: FleetName) {
        self.home = home
        self.fleet = fleet
        directory = home.run.appending(fleet.description)
    }

    package var settings: FilePath { directory.appending("settings.json") }
    package var volumes: FilePath { home.volumes.appending(fleet.description) }

    package var balancerConfig: FilePath { directory.appending("haproxy.cfg") }
    package var balancerLog: FilePath { directory.appending("haproxy.log") }
    package var balancerSocket: FilePath { balancers.appending("\(fleet).sock") }
    package var balancerMasterSocket: FilePath { balancers.appending("\(fleet).master") }
    package var balancerProcess: FilePath { balancers.appending("\(fleet).pid") }
    package var balancerLock: FilePath { balancers.appending("\(fleet).lock") }
    /// In memory.
    package var certificates: FilePath { home.runtime.appending("tls").appending(fleet.description) }
    /// An empty folder that the balancer's worker is shut into.
    package var balancerRoot: FilePath { balancers.appending("empty") }
    package var balancers: FilePath { home.runtime.appending("haproxy") }

    /// The highest fencing token seen. In the runtime folder, since no stale holder outlives a boot.
    package var fence: FilePath { home.runtime.appending("fences").appending(fleet.description) }

    package func instance(_ id: InstanceID) -> InstancePaths {
        InstancePaths(fleet: self, id: id)
    }

    /// Every instance that has a folder, whole or not, in the order of their names.
    package func instances() throws -> [InstancePaths] {
        try Files.list(directory)
            .map { instance(InstanceID($0)) }
            .filter { Files.exists($0.spec) }
    }
}

/// Where one instance's things lie.
package struct InstancePaths: Sendable, Hashable {
    package let fleet: FleetPaths
    package let id: InstanceID
    package let directory: FilePath

    package init(fleet: FleetPaths, id: InstanceID) {
        self.fleet = fleet
        self.id = id
        directory = fleet.directory.appending(id.description)
    }

    /// Written first and removed last: an instance exists while it has this.
    package var spec: FilePath { directory.appending("spec.json") }
    package var network: FilePath { directory.appending("network.json") }
    package var root: FilePath { directory.appending("root.json") }
    /// Written last: an instance without it is half-made.
    package var process: FilePath { directory.appending("process.json") }
    package var topLayer: FilePath { directory.appending("top.erofs") }
    package var bundle: FilePath { directory.appending("bundle") }
    package var log: FilePath { directory.appending("log") }
    package var previousLog: FilePath { directory.appending("log.previous") }
    package var supervisorLog: FilePath { directory.appending("conmon.log") }
    package var runtimeLog: FilePath { directory.appending("runc.log") }
    package var exits: FilePath { directory.appending("exit") }
    package var exitStatus: FilePath { exits.appending(id.description) }

    package var runtime: FilePath { fleet.home.runtime.appending("instances").appending(id.description) }
    package var rootMount: FilePath { runtime.appending("root") }
    /// In memory.
    package var secrets: FilePath { runtime.appending("secrets") }
    /// What the instance writes to its root, in memory; only with a writable root.
    package var upperMount: FilePath { runtime.appending("upper") }
    package var changes: FilePath { upperMount.appending("changes") }
    /// The same root as it was sealed, for comparison.
    package var sealedMount: FilePath { runtime.appending("sealed") }
    package var sealedRoot: FilePath { sealedMount.appending("root") }
    package var topMount: FilePath { runtime.appending("top") }
    package var containerProcess: FilePath { runtime.appending("pid") }
    package var supervisorProcess: FilePath { runtime.appending("conmon.pid") }
    package var networkNamespace: FilePath {
        fleet.home.runtime.appending("netns").appending(id.description)
    }
    package var supervisorSockets: FilePath { fleet.home.runtime.appending("conmon") }
    package var containers: FilePath { fleet.home.runtime.appending("runc") }
    package var containerState: FilePath { containers.appending(id.description) }
}
