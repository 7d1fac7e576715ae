import KilnSystem
import SystemPackage

/// The home's own network on this machine: a bridge that the host has the first address of.
struct Bridge: Sendable {
    let home: KilnHome
    let runner: ToolRunner

    /// At most 15 bytes, as the kernel wants.
    var name: String { "kiln" + (home.identifier.isEmpty ? "0" : home.identifier) }

    var directory: FilePath { home.root.appending("network") }
    private var chosen: FilePath { directory.appending("subnet") }
    private var link: FilePath { FilePath("/sys/class/net").appending(name) }

    /// Makes the bridge stand, with the subnet that was chosen once; chooses one for a new home.
    ///
    /// When the host took these addresses for something else meanwhile, another is chosen, unless `isInUse`.
    func converge(isInUse: Bool) async throws -> Subnet {
        try Files.createDirectory(directory)
        try home.makeRuntime()
        return try await FileLock.with(Self.lock) {
            let subnet = try choose(isInUse: isInUse)
            try await stand(subnet)
            return subnet
        }
    }

    /// Removes the bridge and what was remembered of it, if the condition holds, and then the `rest` of the home's runtime:
    /// all under one lock, so that no fleet begins meanwhile.
    func remove(if condition: () throws -> Bool, with rest: () throws -> Void) async throws {
        try await FileLock.with(Self.lock) {
            guard try condition() else { return }
            if Files.exists(link) { try await runner.run(ToolInvocation("ip", ["link", "delete", name])) }
            try Files.remove(directory)
            try rest()
        }
    }

    /// One choice at a time on the machine: homes look at each other's routes.
    private static let lock: FilePath = "/run/kiln/network.lock"

    func subnet() -> Subnet? {
        (try? Files.readText(chosen)).flatMap { Subnet(String($0.prefix { $0 != "\n" })) }
    }

    private func choose(isInUse: Bool) throws -> Subnet {
        let routes = SubnetChoice.routes(parsing: try Files.readText("/proc/net/route"), ignoring: name)
        if let subnet = subnet() {
            guard let other = routes.first(where: subnet.overlaps) else { return subnet }
            if isInUse {
                throw LocalPlatformError(
                    .network,
                    "the instances' network \(subnet) is routed elsewhere on this machine",
                    causes: ["the host has a route for \(other)"],
                    hint: "remove that route, or destroy the fleets so that they get another network"
                )
            }
        }
        guard let subnet = SubnetChoice.choose(from: SubnetChoice.candidates(for: home), routes: routes)
        else {
            throw LocalPlatformError(
                .network,
                "no addresses are left for the instances",
                causes: ["the host has routes for all of \(SubnetChoice.ranges.joined(separator: ", "))"]
            )
        }
        try Files.write("\(subnet)\n", to: chosen)
        return subnet
    }

    private func stand(_ subnet: Subnet) async throws {
        let exists = Files.exists(link)
        if exists, try Files.readText("/proc/net/fib_trie").contains("|-- \(subnet.gateway)\n"), isUp {
            return
        }
        if !exists { try await runner.run(ToolInvocation("ip", ["link", "add", name, "type", "bridge"])) }
        try await runner.run(
            ToolInvocation("ip", ["address", "replace", "\(subnet.gateway)/\(subnet.bits)", "dev", name])
        )
        try await runner.run(ToolInvocation("ip", ["link", "set", name, "up"]))
    }

    /// IFF_UP, also while nothing is plugged in.
    private var isUp: Bool {
        let text = (try? Files.readText(link.appending("flags"))) ?? ""
        return (UInt32(text.dropFirst(2).prefix { $0.isHexDigit }, radix: 16) ?? 0) & 1 == 1
    }
}
