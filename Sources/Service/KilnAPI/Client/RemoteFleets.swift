package import KilnDefinition
package import KilnFleet

/// Has fleets changed by a `kiln serve`. What has to be judged before, with what only this process knows (the definition's
/// checks), is judged here, under the same rule as in a driver of this process.
package struct RemoteFleets: FleetChanges {
    private let client: APIClient
    /// Examines here what is carried out there.
    private let driver: FleetDriver
    private let stop: StopSignal

    package init(client: APIClient, driver: FleetDriver, stop: StopSignal) {
        self.client = client
        self.driver = driver
        self.stop = stop
    }

    package func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate,
        options: FleetDriver.Options
    ) async throws -> DeployOutcome {
        if case .deploy(let content, let policy) = change {
            try await driver.examine(content, policy, for: fleet, gate: gate, options: options)
        }
        let request = ChangeRequest(change, isExamined: true, options: options)
        return try await client.perform(request, change.verb, on: fleet, stop: stop)
    }
}
