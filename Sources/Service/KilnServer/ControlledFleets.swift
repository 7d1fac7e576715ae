package import KilnControl
package import KilnDefinition
package import KilnFleet
package import KilnStore

/// Whoever carries out the changes that the server is asked for.
package protocol ControlledFleets: Sendable {
    /// Carries the change out and tells how it ended, whether anybody still listens or not; `stop` asks for a good end.
    func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate,
        options: FleetDriver.Options,
        stop: StopSignal
    ) async throws -> DeployOutcome
}

/// Fleets that a controller keeps: what it does with one by itself gives way to what is asked for.
package struct KeptFleets: ControlledFleets {
    private let controller: Controller
    private let images: ImageStore

    package init(controller: Controller, images: ImageStore) {
        self.controller = controller
        self.images = images
    }

    package func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate,
        options: FleetDriver.Options,
        stop: StopSignal
    ) async throws -> DeployOutcome {
        let images = images
        return try await controller.drive(fleet, stop: stop) { driver in
            var driver = driver
            driver.hasImage = { images.isWhole($0) }
            return try await driver.perform(change, on: fleet, gate: gate, options: options)
        }
    }
}
