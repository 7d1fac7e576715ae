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

    package init(home: KilnHome, mounts: MountTable) {
        top = FilePath(home.identifier.isEmpty ? "/kiln" : "/kiln-\(home.identifier)")
        hierarchies = mounts.entries.filter { $0.type == "cgroup" || $0.type == "cgroup2" }.map(\.target)
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

    /// What runs in each group of the fleet, by the group's name.
    package func members(of fleet: FleetName) -> [String: Set<Int32>] {
        let place = relative(top.appending(fleet.description))
        var members: [String: Set<Int32>] = [:]
        for hierarchy in hierarchies {
            let folder = hierarchy.pushing(place)
            for name in (try? Files.list(folder)) ?? []
            where members[name] == nil && Files.facts(folder.appending(name))?.kind == .directory {
                members[name] = processes(InstanceID(name), of: fleet)
            }
        }
        return members
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
