import Glibc
package import KilnDefinition
package import KilnFleet
package import KilnSystem
package import SystemPackage

/// The control groups of a home: `/kiln/<fleet>/<instance>` in every hierarchy (`/kiln-<id>/…` of any home but the default).
package struct Cgroups: Sendable {
    /// Below a hierarchy's root.
    package let top: FilePath
    private let hierarchies: [FilePath]
    /// The files in which each hierarchy says what it holds its groups to.
    private let limits: [(hierarchy: FilePath, names: [String])]

    package init(home: KilnHome, mounts: MountTable) {
        top = FilePath(home.identifier.isEmpty ? "/kiln" : "/kiln-\(home.identifier)")
        let found = mounts.entries.filter { $0.type == "cgroup" || $0.type == "cgroup2" }
        hierarchies = found.map(\.target)
        limits = found.map { ($0.target, Self.limitNames(of: $0)) }.filter { !$0.names.isEmpty }
    }

    /// Of the first version a hierarchy has the controllers that its options name.
    private static func limitNames(of hierarchy: MountEntry) -> [String] {
        if hierarchy.type == "cgroup2" { return ["memory.max", "cpu.max", "pids.max"] }
        let names = [
            "memory": ["memory.limit_in_bytes"],
            "cpu": ["cpu.cfs_quota_us", "cpu.cfs_period_us"],
            "pids": ["pids.max"],
        ]
        return hierarchy.superOptions.flatMap { names[$0] ?? [] }
    }

    package static func current(of home: KilnHome) throws -> Cgroups {
        Cgroups(home: home, mounts: try MountTable.current())
    }

    /// The path as the runtime takes it.
    package func path(_ instance: InstanceID, of fleet: FleetName) -> FilePath {
        top.appending(fleet.description).appending(instance.description)
    }

    /// The instance's folder in each hierarchy that has one.
    package func folders(_ instance: InstanceID, of fleet: FleetName) -> [FilePath] {
        let place = relative(path(instance, of: fleet))
        return hierarchies.map { $0.pushing(place) }.filter { Files.exists($0) }
    }

    /// Everything that runs in the instance, seen from the host.
    package func processes(_ instance: InstanceID, of fleet: FleetName) -> Set<Int32> {
        processes(at: path(instance, of: fleet))
    }

    private func processes(at group: FilePath) -> Set<Int32> {
        var processes: Set<Int32> = []
        let file = relative(group).appending("cgroup.procs")
        for hierarchy in hierarchies {
            let text = (try? Files.readText(hierarchy.pushing(file))) ?? ""
            processes.formUnion(text.split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 0 })
        }
        return processes
    }

    /// Every group of the fleet, in whatever hierarchy.
    package func names(of fleet: FleetName) -> Set<String> {
        let place = relative(top.appending(fleet.description))
        var names: Set<String> = []
        for hierarchy in hierarchies {
            let folder = hierarchy.pushing(place)
            for name in (try? Files.list(folder)) ?? []
            where !names.contains(name) && Files.facts(folder.appending(name))?.kind == .directory {
                names.insert(name)
            }
        }
        return names
    }

    /// What the kernel holds the instance to, by file name.
    package func limits(_ instance: InstanceID, of fleet: FleetName) -> [String: String] {
        let place = relative(path(instance, of: fleet))
        var limits: [String: String] = [:]
        for (hierarchy, names) in self.limits {
            let folder = hierarchy.pushing(place)
            for name in names {
                guard let text = try? Files.readText(folder.appending(name)) else { continue }
                limits[name] = String(text.prefix { !$0.isNewline })
            }
        }
        return limits
    }

    /// Removes the instance's groups, and the fleet's and home's where they are empty by then.
    package func remove(_ instance: InstanceID, of fleet: FleetName) { remove(path(instance, of: fleet)) }

    private func remove(_ group: FilePath) {
        for hierarchy in hierarchies {
            var path = relative(group)
            while !path.isEmpty {
                // The kernel refuses while a group has children or members: those are for somebody else to end.
                guard rmdir(hierarchy.pushing(path).string) == 0 || errno == ENOENT else { break }
                path = path.removingLastComponent()
            }
        }
    }

    /// Of the tools that a person has joined to the instance: beside the fleets', since they are no part of any.
    func tools(of instance: InstanceID) -> FilePath {
        top.appending(Self.toolsFolder).appending(instance.description)
    }

    func toolsProcesses(of instance: InstanceID) -> Set<Int32> { processes(at: tools(of: instance)) }

    func removeTools(of instance: InstanceID) { remove(tools(of: instance)) }

    /// No fleet's name.
    private static let toolsFolder = ".tools"

    private func relative(_ path: FilePath) -> FilePath {
        var path = path
        path.root = nil
        return path
    }
}

extension Cgroups {
    /// Whether memory and swap can be limited together.
    package static func countSwap(_ mounts: MountTable) -> Bool {
        for entry in mounts.entries where entry.type == "cgroup" && entry.superOptions.contains("memory") {
            return Files.exists(entry.target.appending("memory.memsw.limit_in_bytes"))
        }
        return true
    }
}
