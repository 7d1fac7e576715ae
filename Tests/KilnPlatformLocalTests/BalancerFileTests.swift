import KilnDefinition
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `A balancer's configuration file` {
    private static let file = BalancerFile(
        fleet: "web",
        socket: "/run/kiln/haproxy/web.sock",
        root: "/run/kiln/haproxy/empty",
        account: "haproxy"
    )

    private static let config = BalancerConfig(
        fronts: [.init(Listener(ListenAddress(address: "127.0.0.1", port: 8080)))],
        check: .http(path: "/health?x='y z'#\"\\"),
        checkTimeoutMilliseconds: 1_500,
        servers: [.sample("web-1-aaaa", 2), .sample("web-1-bbbb", 3, weight: 0)]
    )

    @Test func `it is written as the golden file has it`() throws {
        try Golden.expect(Self.file.text(Self.config), matches: Golden.directory().appending("haproxy.cfg"))
    }

    private static let several = BalancerConfig(
        fronts: [
            .init(
                Listener(ListenAddress(address: "0.0.0.0", port: 80), redirects: true),
                securePort: 8443
            ),
            .init(
                Listener(
                    ListenAddress(address: "::", port: 8443),
                    tls: ListenerTLS(
                        certificate: "/c",
                        minVersion: .tls13,
                        clientCA: "/a",
                        clientRequired: false
                    )
                ),
                inside: ListenAddress(address: "10.213.0.1", port: 8443),
                certificate: "/run/kiln/tls/web/--8443.pem",
                clientCA: "/run/kiln/tls/web/--8443.ca"
            ),
            .init(Listener(ListenAddress(address: "127.0.0.1", port: 9090), port: .name("admin"))),
            .init(Listener(ListenAddress(address: "127.0.0.1", port: 5432), port: .name("db"), mode: .tcp)),
            .init(
                Listener(
                    ListenAddress(address: "127.0.0.1", port: 5433),
                    port: .number(5432),
                    mode: .tcp,
                    tls: ListenerTLS(certificate: "/c")
                ),
                certificate: "/run/kiln/tls/web/127-0-0-1-5433.pem"
            ),
        ],
        check: .http(path: "/health"),
        servers: [
            .sample("web-1-aaaa", 2), .sample("web-1-aaaa", 2, in: "instances-http-admin"),
            .sample("web-1-aaaa", 2, in: "instances-tcp-db"),
        ]
    )

    @Test func `several listeners are written as their golden file has it`() throws {
        try Golden.expect(
            Self.file.text(Self.several),
            matches: Golden.directory().appending("haproxy-several.cfg")
        )
    }

    @Test func `HAProxy takes it`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(Self.file.text(Self.config), to: "haproxy.cfg")
            let output = try await ToolRunner().run(ToolInvocation("haproxy", ["-c", "-f", file.string]))
            #expect(output.errorText.isEmpty)
        }
    }

    @Test(arguments: [
        config, several, BalancerConfig(), BalancerConfig(fronts: config.fronts, servers: config.servers),
    ])
    func `what was written is read back, but for listeners`(config: BalancerConfig) {
        var expected = config
        expected.fronts = []
        #expect(BalancerFileReader.read(Self.file.text(config)) == expected)
    }

    @Test(arguments: ["", "global\n", "backend instances\n server x\n", "backend instances\n bind here\n"])
    func `what was not written by us is not read`(text: String) {
        #expect(BalancerFileReader.read(text) == nil)
    }

    @Test func `who gets requests is read from an edited file too`() {
        let text = """
            backend instances
                server a 10.9.9.9:80 check weight 1 backup
                server b 10.0.0.3:80 weight 0
                server c 10.0.0.4:80 weight 200
                server d 10.0.0.5:80 check
            """
        #expect(BalancerFileReader.shares(text) == ["a": 1, "b": 0, "c": 100])
    }

    @Test func `the stamp tells everything but servers`() {
        var config = Self.config
        config.servers = []
        #expect(Self.file.stamp(config) == Self.file.stamp(Self.config))
        config.fronts = [.init(Listener(ListenAddress(address: "127.0.0.1", port: 8081)))]
        #expect(Self.file.stamp(config) != Self.file.stamp(Self.config))
    }

    @Test func `releases that are checked in different ways are checked by a connection`() {
        func content(_ path: String) -> ReleaseContent {
            .sample { $0.health = HealthDefinition(probe: .http(port: 80, path: path), timeout: .seconds(3)) }
        }
        var config = BalancerConfig()
        config.chooseCheck(for: [content("/a"), content("/a")])
        #expect(config.check == .http(path: "/a"))
        #expect(config.checkTimeoutMilliseconds == 3_000)
        config.chooseCheck(for: [])
        #expect(config.check == .http(path: "/a"), "no reload only because the last instance left")
        config.chooseCheck(for: [content("/a"), content("/b")])
        #expect(config.check == .connect)
    }
}

@Suite struct `What a balancer is told` {
    private static let stamp = "kiln-1"

    private static func state(_ servers: [ServerID: BalancerState.Server]) -> BalancerState {
        BalancerState(stamp: stamp, servers: servers)
    }

    private static func running(
        _ host: Int,
        weight: Int = 1,
        status: String = "UP",
        sessions: Int = 0
    ) -> BalancerState.Server {
        .init(endpoint: "10.0.0.\(host):80", weight: weight, status: status, sessions: sessions)
    }

    private static let wanted = BalancerConfig(
        servers: [.sample("a", 2), .sample("b", 3, weight: 0)]
    )

    @Test func `nothing when all is as it should be`() {
        let state = Self.state(["a": Self.running(2), "b": Self.running(3, weight: 0, sessions: 4)])
        #expect(BalancerPlan.steps(from: state, to: Self.wanted, stamp: Self.stamp) == [])
    }

    @Test func `each difference has its step`() {
        let state = Self.state(["b": Self.running(3), "c": Self.running(4)])
        #expect(
            BalancerPlan.steps(from: state, to: Self.wanted, stamp: Self.stamp) == [
                .add(.sample("a", 2)), .weigh("b", 0), .remove("c"),
            ]
        )
    }

    @Test func `half an addition is finished, and a moved server is added again`() {
        let state = Self.state(["a": Self.running(2, status: "MAINT"), "b": Self.running(9, weight: 0)])
        #expect(
            BalancerPlan.steps(from: state, to: Self.wanted, stamp: Self.stamp) == [
                .enable("a"), .remove("b"), .add(.sample("b", 3, weight: 0)),
            ]
        )
    }

    @Test func `a server that was told to drain by hand is made ready, one without weight shows the same`() {
        let state = Self.state([
            "a": Self.running(2, status: "DRAIN"), "b": Self.running(3, weight: 0, status: "DRAIN"),
        ])
        let steps = BalancerPlan.steps(from: state, to: Self.wanted, stamp: Self.stamp)
        #expect(steps == [.enable("a")])
    }

    @Test(arguments: [
        ("UP", 1, InstanceObservation.Traffic.ready), ("UP 1/3", 1, .ready), ("no check", 1, .ready),
        ("DOWN", 1, .draining(sessions: 4)), ("DOWN 1/2", 1, .draining(sessions: 4)),
        ("DRAIN", 1, .draining(sessions: 4)), ("DRAIN", 0, .draining(sessions: 4)), ("MAINT", 1, .none),
    ])
    func `only a server that is given requests is ready`(
        status: String,
        weight: Int,
        traffic: InstanceObservation.Traffic
    ) {
        #expect(Self.running(2, weight: weight, status: status, sessions: 4).traffic == traffic)
    }

    @Test func `another stamp needs a new worker first`() {
        let steps = BalancerPlan.steps(from: Self.state([:]), to: Self.wanted, stamp: "kiln-2")
        #expect(steps == [.reload])
    }

    @Test func `an old worker loses what left and learns of nothing new`() {
        let servers: [ServerID: BalancerState.Server] = [
            "b": Self.running(3), "c": Self.running(4), "d": Self.running(5, status: "MAINT"),
            "e": Self.running(6, status: "MAINT", sessions: 1),
        ]
        let steps = BalancerPlan.steps(forOldWorker: servers, to: Self.wanted)
        #expect(steps == [.weigh("b", 0), .remove("c"), .remove("e")])
    }

    @Test func `an old worker finishes what it has at a port where no listener leads any more`() {
        let (echo, gone) = (ServerID("a", in: "instances-tcp-echo"), ServerID("z", in: "instances-tcp-echo"))
        let servers = [
            echo: Self.running(2, sessions: 1), ServerID("b", in: "instances-tcp-echo"): Self.running(3),
            gone: Self.running(4, sessions: 1),
        ]
        let steps = BalancerPlan.steps(forOldWorker: servers, to: Self.wanted)
        // The one that leaves gets no weight there either.
        #expect(steps == [.weigh(ServerID("b", in: "instances-tcp-echo"), 0), .remove(gone)])
    }

    @Test func `a server is added whole: in maintenance, then checked, then with traffic`() {
        #expect(
            BalancerPlan.commands(.add(.sample("a", 2))) == [
                "add server instances/a 10.0.0.2:80 check port 81 inter 1000ms rise 2 fall 3 weight 1",
                "enable health instances/a", "set server instances/a state ready",
            ]
        )
    }

    @Test func `what an instance answers cannot pose as other columns`() {
        let stat = """
            # pxname,svname,scur,last_chk,status,weight,addr,
            instances,a,2,"HTTP/1.1 503 Sick, ""come"" back",DOWN,1,10.0.0.2:80,
            instances,b,0,"x,UP,1,10.9.9.9:1,
            ",DOWN,1,10.0.0.3:80,

            """
        let servers = BalancerState.servers(stat)
        #expect(servers["a"] == Self.running(2, status: "DOWN", sessions: 2))
        #expect(servers["b"] == Self.running(3, status: "DOWN"))
        #expect(CSV.rows("a,\"b \"\"c\"\", d\"\n") == [["a", "b \"c\", d"]])
    }

    @Test func `its own report is read by the names of columns`() {
        let stat = """
            # pxname,svname,scur,status,weight,addr,
            fleet,FRONTEND,3,OPEN,,,
            instances,a,2,UP 1/3,1,10.0.0.2:80,
            instances,BACKEND,2,UP,1,,
            """
        let state = BalancerState(info: "Name: HAProxy\ndescription: kiln-7\n", stat: stat)
        #expect(state.stamp == "kiln-7")
        #expect(state.servers == ["a": Self.running(2, status: "UP 1/3", sessions: 2)])
        #expect(state.servers["a"]?.isTaken == true)
    }

    @Test func `an instance is as ready as the least of its ports, and has the requests of all`() {
        func shares(_ second: BalancerState.Server) -> BalancerShare? {
            let id = ServerID("a", in: "instances-tcp-db")
            return BalancerState.shares(["a": Self.running(2, weight: 100), id: second])["a"]
        }
        #expect(shares(Self.running(2, weight: 100)) == BalancerShare(traffic: .ready, weight: 100))
        #expect(
            shares(Self.running(2, weight: 100, status: "DOWN", sessions: 3))?.traffic
                == .draining(sessions: 3)
        )
        #expect(shares(Self.running(2, status: "MAINT"))?.traffic == .draining(sessions: 0))
    }

    @Test func `each port of an instance is added, weighed and removed`() {
        let db = BalancerConfig.Server.sample("a", 2, weight: 0, in: "instances-tcp-db")
        var config = Self.wanted
        config.set(db)
        let gone = ServerID("c", in: "instances-tcp-db")
        let state = Self.state([
            "a": Self.running(2), "b": Self.running(3, weight: 0), db.id: Self.running(2),
            gone: Self.running(4),
        ])
        let steps = BalancerPlan.steps(from: state, to: config, stamp: Self.stamp)
        #expect(steps == [.weigh(db.id, 0), .remove(gone)])
        #expect(BalancerPlan.commands(.weigh(db.id, 0)) == ["set weight instances-tcp-db/a 0"])
    }
}

@Suite struct `Who listens` {
    /// 127.0.0.1:8080, every address:8081, ::ffff:10.0.0.1:8082 and a connection on 8083.
    private static let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1
           1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1
           2: 0000000000000000FFFF00000100000A:1F92 0:0 0A 00000000:00000000 00:00000000 00000000 0 0 13 1
           3: 0100007F:1F93 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 14 1

        """

    @Test(arguments: [
        ("127.0.0.1", UInt16(8080), "11"), ("10.0.0.1", 8080, nil), ("0.0.0.0", 8080, "11"),
        ("10.0.0.1", 8081, "12"), ("10.0.0.1", 8082, "13"), ("127.0.0.1", 8083, nil),
    ])
    func `a socket is in the way when its address meets ours`(address: String, port: UInt16, inode: String?) {
        let listen = ListenAddress(address: address, port: port)
        let (lines, isLast) = ListenerHolder.listeners(Self.table)
        #expect(lines.count == 3 && isLast)
        let found = ListenerHolder.sockets(listeningOn: listen, lines)
        #expect(found == Set([inode].compactMap { $0 }))
    }

    @Test func `is the same of a table that was read in part, as far as that goes`() {
        let whole = ListenerHolder.listeners(Self.table).lines
        for length in 0..<Self.table.utf8.count {
            let part = String(decoding: Self.table.utf8.prefix(length), as: UTF8.self)
            let (lines, isLast) = ListenerHolder.listeners(part)
            #expect(lines == Array(whole.prefix(lines.count)))
            #expect(!isLast, "no line is taken for another one because it is cut off")
        }
    }
}

extension ServerID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}

extension BalancerConfig.Server {
    fileprivate static func sample(
        _ name: String,
        _ host: Int,
        weight: Int = 1,
        in backend: String = "instances"
    ) -> Self {
        Self(
            id: ServerID(name, in: backend),
            address: "10.0.0.\(host)",
            port: 80,
            check: Check(port: 81, intervalMilliseconds: 1_000, rise: 2, fall: 3),
            weight: weight
        )
    }
}
