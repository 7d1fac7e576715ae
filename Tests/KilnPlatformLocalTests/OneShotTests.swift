import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import Testing

@Suite(.serialized) struct `One-shot work` {
    @Test func `is no member of its fleet, and leaves its end and its words`() async throws {
        try await LocalFleet.with { fleet, _ in
            let model = fleet.spec("aaaa")
            let spec = InstanceSpec(
                id: model.id,
                slot: 0,
                release: model.release,
                command: ["/bin/busybox", "sh", "-c", "echo greeting is $GREETING; exit 7"],
                isOneShot: true
            )
            try await fleet.platform.create(spec, token: fleet.token)
            #expect(try await fleet.platform.observe(fleet.name).isEmpty)
            try await eventually("it has ended") {
                try await fleet.platform.oneShots(of: fleet.name).first?.process == .exited(status: 7)
            }
            let lines = try await fleet.platform.logLines(spec.id, of: fleet.name, last: 10)
            #expect(lines == ["greeting is hello"])
            // What looks after the fleet leaves it alone.
            try await fleet.platform.converge(fleet.settings, token: fleet.token)
            #expect(try await fleet.platform.oneShots(of: fleet.name).count == 1)
            try await fleet.platform.destroy(spec.id, of: fleet.name, token: fleet.token)
            #expect(try await fleet.platform.oneShots(of: fleet.name).isEmpty)
        }
    }
}
