import FleetHarness
import KilnTestSupport
import SystemPackage
import Testing

/// A short run of the benchmark of the same name.
@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Kills at random` {
    @Test(.timeLimit(.minutes(10)))
    func `leave everything well, and nothing behind`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let home = TestHome(
                kiln: try KilnProcess.executable,
                folder: sandbox.path.appending("chaos").string,
                fleets: 2,
                instances: 2,
                port: 8620
            )
            try home.make()
            let served = try ServedHome(home)
            var report = Chaos.Report()
            do {
                var chaos = Chaos(served, seed: 20)
                report = try chaos.run(kills: 20)
            } catch {
                report.problems.append("\(error)")
            }
            served.end()
            #expect(report.problems == [])
            #expect(try home.remove() == [])
        }
    }
}
