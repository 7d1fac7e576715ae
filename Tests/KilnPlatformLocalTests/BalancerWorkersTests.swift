import KilnSystem
import Testing

@testable import KilnPlatformLocal

@Suite struct `The workers of a balancer` {
    @Test func `are told apart, with the time since the last reload`() {
        let workers = BalancerWorkers(
            parsing: """
                #<PID>          <type>          <reloads>       <uptime>        <version>
                29051           master          2 [failed: 0]   0d00h00m04s     2.6.12-1+deb12u4
                # workers
                29208           worker          0               1d02h03m04s     2.6.12-1+deb12u4
                # old workers
                29158           worker          1               0d00h00m03s     2.6.12-1+deb12u4
                29053           worker          2               0d00h00m04s     2.6.12-1+deb12u4
                # programs

                """
        )
        #expect(workers.master == 29051)
        #expect(workers.current == 29208)
        #expect(workers.takesNew(29208) && workers.takesNew(nil) && !workers.takesNew(29158))
        #expect(workers.old == [29158, 29053])
        #expect(workers.age == .seconds(93_784))
        let none = BalancerWorkers(parsing: "")
        #expect(none.old.isEmpty && none.age == nil && none.master == nil && none.takesNew(1))
    }
}
