import KilnOCI
import KilnSystem
import SystemPackage

/// What the network plugins are told (CNI specification 1.0, "Execution Protocol").
struct CNIConfig: Codable, Hashable {
    var cniVersion = "1.0.0"
    var name: String
    var type: String
    var bridge: String?
    var ipMasq: Bool?
    var ipam: IPAM?

    struct IPAM: Codable, Hashable {
        var type = "host-local"
        var dataDir: String
        var ranges: [[Range]]
    }

    struct Range: Codable, Hashable {
        var subnet: String
    }

    /// No gateway: instances reach each other and the host, and nothing beyond.
    static func bridge(_ bridge: Bridge, subnet: Subnet) -> CNIConfig {
        CNIConfig(
            name: bridge.name,
            type: "bridge",
            bridge: bridge.name,
            ipMasq: false,
            ipam: IPAM(
                dataDir: bridge.directory.appending("leases").string,
                ranges: [[Range(subnet: subnet.description)]]
            )
        )
    }

    enum Command: String {
        case add = "ADD"
        case delete = "DEL"
    }

    /// `namespace` is nil when it is gone already; the plugin then frees the address alone.
    func invocation(
        _ command: Command,
        container: String,
        namespace: FilePath?,
        interface: String
    ) throws
        -> ToolInvocation
    {
        ToolInvocation(
            CNIConfig.plugins.appending(type).string,
            environment: [
                "CNI_COMMAND": command.rawValue,
                "CNI_CONTAINERID": container,
                "CNI_NETNS": namespace?.string ?? "",
                "CNI_IFNAME": interface,
                "CNI_PATH": CNIConfig.plugins.string,
            ],
            input: try CanonicalJSON.encode(self)
        )
    }

    static let plugins: FilePath = "/usr/lib/cni"
}

/// What a plugin answers.
struct CNIResult: Codable {
    struct Address: Codable {
        var address: String
    }

    var ips: [Address]?

    /// Without the length of its prefix.
    var address: String? { ips?.first.map { String($0.address.prefix { $0 != "/" }) } }
}

/// A plugin's own words when it fails.
struct CNIFailure: Codable {
    var msg: String
    var details: String?
}
