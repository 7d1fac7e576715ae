import KilnFleet
import KilnPlatformLocal
import KilnRollout
import KilnSystem
import Testing

@Suite struct `What a balancer says that it counted` {
    @Test func `is read by the names of columns, with what got no answer among the errors`() {
        let stat = """
            # pxname,svname,econ,eresp,wredis,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,rtime,
            fleet,FRONTEND,,,,0,900,0,0,0,0,,
            instances,web-1-aaaa,1,2,3,0,80,10,5,7,0,12,
            instances,web-1-bbbb,,,,,,,,,,,
            instances,BACKEND,1,2,3,0,80,10,5,7,0,12,

            """
        let counts = BalancerCounts.read(stat)
        #expect(
            counts[InstanceID("web-1-aaaa")]
                == RequestCounts(requests: 108, errors: 13, latency: .milliseconds(12))
        )
        #expect(
            counts[InstanceID("web-1-bbbb")] == RequestCounts(requests: 0, errors: 0, latency: .zero)
        )
        #expect(counts.count == 2)
    }

    @Test func `is the sum over the ports that speak HTTP`() {
        let stat = """
            # pxname,svname,econ,hrsp_2xx,hrsp_5xx,rtime,mode,
            instances,a,0,30,0,10,http,
            instances-http-admin,a,0,9,1,50,http,
            instances-tcp-db,a,7,,,,tcp,

            """
        #expect(
            BalancerCounts.read(stat)[InstanceID("a")]
                == RequestCounts(requests: 40, errors: 1, latency: .milliseconds(20))
        )
    }

    @Test(arguments: [
        "", "# pxname", "# pxname,svname\ninstances", "instances,a,1\n",
        "# pxname,svname,econ,eresp\ninstances,a,-5,99999999999999999999\n",
        "# pxname,svname,econ,hrsp_2xx\ninstances,a,9223372036854775807,9223372036854775807\n",
    ])
    func `never brings anybody down, whatever it says`(stat: String) {
        for count in BalancerCounts.read(stat).values {
            #expect(count.requests >= 0 && count.errors >= 0 && count.errors <= count.requests)
        }
    }

    @Test func `names the process that counted`() {
        #expect(BalancerCounts.process("Name: HAProxy\nPid: 4711\nUptime: 3\n") == 4711)
        #expect(BalancerCounts.process("Name: HAProxy\n") == nil)
    }
}

extension `Traffic to instances` {
    @Test func `is counted for each instance, and goes on being counted through a reload`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true).spec.id
            let before = try await fleet.platform.counters(of: fleet.name)
            for _ in 1...3 { _ = try await fleet.get("/cgi-bin/name") }
            _ = try await fleet.get("/cgi-bin/missing")
            let between = try await fleet.platform.counters(of: fleet.name)
            let first = try #require(between.since(before)[id])
            #expect(first.requests == 4 && first.errors == 0)
            var moved = fleet.settings
            moved.isNeeded = true
            try await fleet.platform.converge(moved, token: fleet.token)
            for _ in 1...2 { _ = try await fleet.get("/cgi-bin/name") }
            let after = try await fleet.platform.counters(of: fleet.name)
            #expect(after.counts.keys != between.counts.keys, "another worker counts")
            #expect(after.since(between)[id]?.requests == 2)
        }
    }
}
