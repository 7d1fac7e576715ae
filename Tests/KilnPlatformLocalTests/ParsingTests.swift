import KilnFleet
import KilnSystem
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `Lines of a container's log` {
    private let time = "2026-11-23T06:00:00.000000001+00:00"

    @Test func `parts of a long line are joined, each stream by itself`() {
        var parser = LogParser(instance: InstanceID("web-1-aaaa"))
        let text = """
            \(time) stdout P one
            \(time) stderr F other line
            \(time) stdout P , two
            \(time) stdout F , three

            """
        let records = parser.feed(text.utf8)
        #expect(records.map(\.text) == ["other line", "one, two, three"])
        #expect(records.map(\.stream) == [.stderr, .stdout])
        #expect(records.first?.time == "2026-11-23T06:00:00.000000001Z")
    }

    @Test func `bytes may come in any pieces`() {
        let text = "\(time) stdout F a b  c\n\(time) stdout F \n\(time) stdout F last\n"
        for size in 1...20 {
            var parser = LogParser(instance: InstanceID("web-1-aaaa"))
            var lines: [String] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                lines += parser.feed(rest.prefix(size)).map(\.text)
                rest = rest.dropFirst(size)
            }
            #expect(lines == ["a b  c", "", "last"])
        }
    }

    @Test func `a line without an end cannot fill memory`() {
        var parser = LogParser(instance: InstanceID("web-1-aaaa"))
        let part = "\(time) stdout P \(String(repeating: "x", count: 8_000))\n"
        let records = (1...100).flatMap { _ in parser.feed(part.utf8) }
        #expect(records.count == 3)
    }

    @Test func `what is no log line is passed over`() {
        var parser = LogParser(instance: InstanceID("web-1-aaaa"))
        #expect(parser.feed("nonsense\n\n\(time) stdin F x\n\(time) stdout F y\n".utf8).map(\.text) == ["y"])
    }
}

@Suite struct `Addresses for instances` {
    @Test func `a subnet is read, named and knows its neighbours`() throws {
        let subnet = try #require(Subnet("10.213.4.9/22"))
        #expect(subnet.description == "10.213.4.0/22")
        #expect(subnet.gateway == "10.213.4.1")
        #expect(subnet.overlaps(try #require(Subnet("10.0.0.0/8"))))
        #expect(!subnet.overlaps(try #require(Subnet("10.213.8.0/22"))))
    }

    @Test(arguments: ["", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "a.b.c.d/8"])
    func `what is no subnet is refused`(text: String) {
        #expect(Subnet(text) == nil)
    }

    @Test func `the first candidate that meets no route is taken, the home's own bridge aside`() {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            vpn0\t0000D50A\t00000000\t0001\t0\t0\t0\t00F8FFFF\t0\t0\t0
            kiln0\t0008D50A\t00000000\t0001\t0\t0\t0\t00FCFFFF\t0\t0\t0
            """
        let routes = SubnetChoice.routes(parsing: table, ignoring: "kiln0")
        #expect(routes.map(\.description) == ["10.213.0.0/21"])
        let candidates = SubnetChoice.candidates(for: KilnHome(root: "/var/lib/kiln"))
        #expect(candidates.prefix(2).map(\.description) == ["10.213.0.0/22", "10.213.4.0/22"])
        #expect(SubnetChoice.choose(from: candidates, routes: routes)?.description == "10.213.8.0/22")
        #expect(SubnetChoice.choose(from: candidates, routes: candidates) == nil)
    }

    @Test func `homes begin at different places and know the same candidates`() {
        let one = SubnetChoice.candidates(for: KilnHome(root: "/a"))
        let two = SubnetChoice.candidates(for: KilnHome(root: "/b"))
        #expect(one.first != two.first)
        #expect(Set(one) == Set(two))
    }

    @Test(arguments: ["/var/lib/kiln", "/a", "/some/long/path/to/a/home/of/kiln"])
    func `a bridge's name fits the kernel's 15 bytes`(root: String) {
        #expect(Bridge(home: KilnHome(root: .init(root)), runner: ToolRunner()).name.utf8.count <= 15)
    }
}

@Suite struct `What the machine says of processes` {
    @Test func `a process's name may hold anything`() {
        let line = "42 (a) R (b) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8675309 0 0"
        let stat = ProcessStat(parsing: Array(line.utf8))
        #expect(stat?.state == "S")
        #expect(stat?.session == 42)
        #expect(stat?.startTicks == 8_675_309)
        #expect(ProcessStat(parsing: Array("42 (short) S 1".utf8)) == nil)
    }

    @Test(arguments: [(Int32(15), true), (1, true), (2, true), (10, false), (9, false)])
    func `a signal is heeded when it is caught, ignored or blocked`(number: Int32, heeds: Bool) {
        let status = """
            Name:\tsh
            SigQ:\t0/96365
            SigBlk:\t0000000000000002
            SigIgn:\t0000000000000001
            SigCgt:\t0000000000004000
            """
        #expect(ProcessIdentity.heeds(number, status: status) == heeds)
    }

    @Test func `the runtime's errors lose their quotes`() {
        let log = #"""
            time="2026-11-23T06:00:00Z" level=warning msg="not this"
            time="2026-11-23T06:00:00Z" level=error msg="exec: \"/bin/x\": no such file"
            """#
        #expect(RuntimeLog.errors(log) == [#"exec: "/bin/x": no such file"#])
    }

    @Test(arguments: [("TERM", Int32(15)), ("SIGINT", 2), ("QUIT", 3), ("nonsense", 15)])
    func `a stop signal is known by its name`(name: String, number: Int32) {
        #expect(SignalName.number(of: name) == number)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", ProbeResult.passed), ("HTTP/1.0 399 x", .passed),
        ("HTTP/1.1 400 Bad", .failed(reason: "HTTP 400")),
        ("SSH-2.0-OpenSSH", .failed(reason: "the answer is not HTTP")),
        ("HTTP/1.1", .failed(reason: "the answer is not HTTP")),
    ])
    func `a status line is a verdict`(line: String, verdict: ProbeResult) {
        #expect(SocketProbe.verdict(line) == verdict)
    }
}
