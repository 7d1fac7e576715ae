import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Gives each instance a network namespace of its own with an address on the home's bridge.
struct InstanceNetwork: Sendable {
    let bridge: Bridge
    let runner: ToolRunner

    private static let interface = "eth0"

    func attach(_ instance: InstancePaths) async throws -> NetworkRecord {
        guard let subnet = bridge.subnet() else {
            throw LocalPlatformError(.network, "the instances' network was not set up yet")
        }
        let namespace = instance.networkNamespace
        try await NetworkNamespace.make(at: namespace)
        let answer = try await run(.add, .bridge(bridge, subnet: subnet), instance)
        let result = try CanonicalJSON.decode(CNIResult.self, from: answer)
        guard let address = result.address else {
            throw LocalPlatformError(
                .network,
                "\(instance.id) got no address",
                causes: [String(decoding: answer, as: UTF8.self)]
            )
        }
        return NetworkRecord(address: address)
    }

    /// Frees the address and ends the namespace; the interfaces end with it. Half made or long gone is fine.
    func detach(_ instance: InstancePaths) async throws {
        let namespace = instance.networkNamespace
        let isThere = try MountTable.current().isMounted(namespace)
        if let subnet = bridge.subnet() {
            try await run(.delete, .bridge(bridge, subnet: subnet), instance, namespace: isThere)
        }
        try Mounts.unmountAll(under: namespace)
        try Files.remove(namespace)
    }

    /// Frees the addresses of instances that are no more.
    func freeLeases(if isStale: (String) throws -> Bool) async throws {
        let leases = bridge.directory.appending("leases").appending(bridge.name)
        guard Files.exists(leases) else { return }
        // The lock that the address plugin itself takes.
        try await FileLock.with(leases.appending("lock")) {
            for name in try Files.list(leases) where Subnet.address(name) != nil {
                let owner = try Files.readText(leases.appending(name)).prefix { !$0.isNewline }
                if try isStale(String(owner)) { try Files.remove(leases.appending(name)) }
            }
        }
    }

    @discardableResult
    private func run(
        _ command: CNIConfig.Command,
        _ config: CNIConfig,
        _ instance: InstancePaths,
        namespace: Bool = true
    ) async throws -> [UInt8] {
        let invocation = try config.invocation(
            command,
            container: instance.id.description,
            namespace: namespace ? instance.networkNamespace : nil,
            interface: Self.interface
        )
        let output = try await runner.runUnchecked(invocation)
        if output.status == .exited(0) { return output.standardOutput }
        let failure = try? CanonicalJSON.decode(CNIFailure.self, from: output.standardOutput)
        throw LocalPlatformError(
            .network,
            "cannot \(command == .add ? "connect" : "disconnect") \(instance.id) \(command == .add ? "to" : "from") the network",
            causes: [failure.map { [$0.msg, $0.details ?? ""].joined(separator: " ") } ?? output.errorText],
            hint: "the command was: \(invocation.commandLine)"
        )
    }
}
