import KilnDefinition
import KilnFleet
import KilnSystem
import Testing

@Suite struct `A look at many fleets` {
    @Test(arguments: [true, false])
    func `waits for several at once`(isForPlan: Bool) async throws {
        try await Stage.with { stage in
            let names = (1...16).map { FleetName(trusted: "fleet\($0)") }
            for (number, name) in names.enumerated() {
                var policy = Stage.policy(1)
                policy.listen = Listeners(ListenAddress(address: "127.0.0.1", port: UInt16(9000 + number)))
                _ = try await stage.driver().deploy(Stage.content("1"), to: name, policy: policy)
            }
            stage.platform.change { $0.lookTime = .seconds(1) }
            let began = stage.time.now
            let seen =
                isForPlan
                ? try await stage.reader.present().map(\.name)
                : try await stage.reader.statuses().map(\.fleet)
            #expect(seen == names.sorted())
            #expect(began.duration(to: stage.time.now) <= .seconds(2))
        }
    }
}
