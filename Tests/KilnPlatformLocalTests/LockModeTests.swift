import Glibc
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Who may keep commands waiting` {
    @Test func `nobody but the owner can open a lock`() async throws {
        try await LocalFleet.with { fleet, _ in
            try await fleet.start("aaaa", routed: true)
            for folder in ["/run/kiln", fleet.home.runtime] { #expect(Files.facts(folder)?.mode == 0o700) }
            for lock in [fleet.paths.fence, fleet.paths.balancerLock] {
                #expect(Files.facts(lock)?.mode == 0o600)
            }
            #expect(chmod(fleet.home.runtime.string, 0o755) == 0)
            try await fleet.converge()
            #expect(Files.facts(fleet.home.runtime)?.mode == 0o700, "one that was made before too")
        }
    }
}
