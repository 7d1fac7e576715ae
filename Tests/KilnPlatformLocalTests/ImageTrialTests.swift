import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A trial of an image` {
    @Test func `takes no fleet for a dead trial because of its name`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let home = fleet.home
            let other = FleetPaths(home: home, fleet: FleetName(trusted: "kiln-test-shop"))
            let kept = [other.settings, other.volumes.appending("data")]
            for file in kept {
                try Files.createDirectory(file.removingLastComponent())
                try Files.write("kept", to: file)
            }
            let dead = FleetPaths(home: home, fleet: FleetName(trusted: "kiln-test-dead"))
            try Files.createDirectory(dead.directory)
            try Files.write("", to: dead.directory.appending("trial"))

            let stays = CheckDefinition(.file(path: "/bin/busybox", exists: true, mode: nil))
            let verdict = try await ImageTrial(home: home, stop: StopSignal())
                .run(fleet.spec("x").release.content, [stays], startsProgram: false)
            #expect(verdict.passed)
            #expect(kept.allSatisfy(Files.exists))
            #expect(try Files.list(home.run).sorted() == ["kiln-test-shop", "web"])
            for folder in [other.directory, other.volumes] { try Files.remove(folder) }
        }
    }
}
