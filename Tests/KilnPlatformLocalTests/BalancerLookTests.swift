import KilnDefinition
import KilnDrift
import KilnFleet
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `Drift of a balancer` {
    private static let file = BalancerFile(fleet: "web", socket: "/s", root: "/r", account: nil)
    private static let config = BalancerConfig(
        fronts: [.init(Listener(ListenAddress(address: "127.0.0.1", port: 8080)))],
        servers: [server("a", 2), server("b", 3, weight: 0)]
    )

    private static func server(_ name: String, _ host: Int, weight: Int = 1) -> BalancerConfig.Server {
        .init(
            id: ServerID(name),
            address: "10.0.0.\(host)",
            port: 80,
            check: .init(port: 80, intervalMilliseconds: 1_000, rise: 2, fall: 3),
            weight: weight
        )
    }

    private static func running(_ host: Int, weight: Int = 1, status: String = "UP") -> BalancerState.Server {
        .init(endpoint: "10.0.0.\(host):80", weight: weight, status: status, sessions: 0)
    }

    private static let servers: [ServerID: BalancerState.Server] = [
        "a": running(2), "b": running(3, weight: 0, status: "DRAIN"),
    ]

    private func findings(
        file text: String? = Self.file.text(Self.config),
        routed: Set<String> = ["a", "b"],
        stamp: String = Self.file.stamp(Self.config),
        servers: [ServerID: BalancerState.Server]? = Self.servers
    ) -> [String] {
        let look = BalancerLook(
            config: Self.config,
            routed: routed,
            expectedText: Self.file.text(Self.config),
            text: text,
            stamp: Self.file.stamp(Self.config),
            state: servers.map { BalancerState(stamp: stamp, servers: $0) }
        )
        return StrayFinder.findings(look).map { "\($0.kind.rawValue) \($0.subject): \($0.detail)" }
    }

    @Test func `there is none while all is as it should be`() {
        #expect(findings() == [])
    }

    @Test func `a file that is missing or was edited is told`() {
        #expect(findings(file: nil) == ["balancer-changed balancer: file: is missing"])
        let text = Self.file.text(Self.config)
        for edited in [
            text.replacing("10.0.0.2:80", with: "10.9.9.9:80"), text.replacing(":8080", with: ":8081"),
            text + "    option forwardfor\n", text.replacing("weight 1", with: "weight 0"), "",
        ] {
            #expect(
                findings(file: edited) == ["balancer-changed balancer: file: is not what was written"]
            )
        }
    }

    @Test func `an entry that no instance stands behind is told once`() {
        var more = Self.config
        more.set(Self.server("c", 4))
        var servers = Self.servers
        servers["c"] = Self.running(4)
        let found = findings(file: Self.file.text(more), routed: ["a", "b", "c"], servers: servers)
        #expect(found == ["stray-server c: gets requests, is no instance"])
        #expect(findings(servers: servers) == ["stray-server c: gets requests at 10.0.0.4:80"])
        servers["c"] = Self.running(4, status: "MAINT")
        #expect(findings(servers: servers) == [], "it leaves, and its last connection has not closed")
    }

    @Test(arguments: [
        (running(9), "a: sends requests to 10.0.0.9:80 instead of 10.0.0.2:80"),
        (nil, "a: is not known to the running process"),
        (running(2, weight: 0, status: "DRAIN"), "a: gets weight 0 instead of 1"),
        (running(2, status: "DRAIN"), "a: was told to take no requests"),
        (running(2, status: "MAINT"), "a: was told to take no requests"),
    ])
    func `a process that does something else than its file is told`(
        server: BalancerState.Server?,
        detail: String
    ) {
        var servers = Self.servers
        servers["a"] = server
        #expect(findings(servers: servers) == ["balancer-changed balancer: \(detail)"])
    }

    @Test func `a process that is dead or runs another configuration is told`() {
        #expect(findings(servers: nil) == ["balancer-changed balancer: process: does not answer"])
        #expect(
            findings(stamp: "kiln-other") == [
                "balancer-changed balancer: process: runs with another configuration than the fleet's"
            ]
        )
    }
}
