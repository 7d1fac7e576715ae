import KilnPlatformLocal
import KilnSystem
import SystemPackage

/// What a home still has on the machine after all its fleets were destroyed; empty when it cleaned up.
enum LeftBehind {
    static func of(_ home: KilnHome) throws -> [String] {
        try mounts(home) + processes(home) + controlGroups(home) + network(home) + files(home)
    }

    /// What no instance stands behind, while the fleet itself lives on.
    static func instances(of home: KilnHome) throws -> [String] {
        let files = [
            home.runtime.appending("instances"), home.runtime.appending("netns"),
            home.runtime.appending("runc"),
            home.runtime.appending("layers"), home.runtime.appending("images"),
            home.root.appending("network/leases"),
        ]
        let left = try files.flatMap { folder in try leaves(folder) }
        let supervisors = try processes(home).filter { !$0.contains("haproxy") && !$0.contains("--filter") }
        return try left + supervisors + mounts(home) + controlGroups(home)
    }

    /// Addresses lie one folder deeper, beside the plugin's own two files.
    private static func leaves(_ folder: FilePath) throws -> [String] {
        try Files.list(folder).flatMap { name -> [String] in
            let path = folder.appending(name)
            guard folder.lastComponent == "leases" else { return ["file \(path)"] }
            return try Files.list(path).filter { $0 != "lock" && !$0.hasPrefix("last_reserved") }
                .map { "address \($0)" }
        }
    }

    private static func mounts(_ home: KilnHome) throws -> [String] {
        let table = try MountTable.current()
        return (table.under(home.runtime) + table.under(home.root)).map { "mount \($0.target)" }
    }

    private static func processes(_ home: KilnHome) throws -> [String] {
        try ProcessIdentity.all().compactMap { pid in
            let words = ProcessIdentity.arguments(of: pid)
            let isOurs = words.contains { $0.contains(home.root.string) || $0.contains(home.runtime.string) }
            return isOurs ? "process \(pid) \(words.joined(separator: " "))" : nil
        }
    }

    private static func controlGroups(_ home: KilnHome) throws -> [String] {
        let top = "kiln-\(home.identifier)"
        return try MountTable.current().entries.filter { $0.type.hasPrefix("cgroup") }
            .map { $0.target.appending(top) }.filter { Files.exists($0) }.map { "cgroup \($0)" }
    }

    private static func network(_ home: KilnHome) throws -> [String] {
        try Files.list("/sys/class/net").filter { $0.contains(home.identifier) }.map { "link \($0)" }
    }

    private static func files(_ home: KilnHome) throws -> [String] {
        // Work in progress of a killed command stays in `tmp` until a collection.
        let places = [home.run, home.volumes, home.runtime.appending("instances")]
        return try places.flatMap { place in try Files.list(place).map { "file \(place.appending($0))" } }
    }
}
