package import KilnDefinition
import KilnDiagnostics
package import KilnOCI

/// The image that a fleet proved in one environment, for its release in another.
package struct PromotedImage: Sendable {
    private let store: any FleetStore

    package init(store: any FleetStore) {
        self.store = store
    }

    /// Of the release that was last deployed for the environment; refuses one that was not stable.
    package func digest(
        of fleet: FleetName,
        image: ImageName,
        from environment: EnvironmentName
    ) async throws -> Digest {
        let record = try await store.fleet(fleet)
        guard let number = record?.deployed?[environment.description],
            let release = try await store.releaseEntries(of: fleet).first(where: { $0.number == number })
        else {
            throw FleetError(
                .promotion,
                "fleet \(fleet) has no release that was deployed for \(environment) on this machine",
                hint: "kiln deploy \(fleet) --environment \(environment) makes one; "
                    + "from another machine, kiln image push and kiln image pull bring the image",
                status: .usage
            )
        }
        guard release.stable != nil, release.quarantine == nil else {
            throw FleetError(
                .promotion,
                "release \(number) of \(fleet), deployed for \(environment), is not stable",
                causes: release.quarantine.map { [$0.reason] } ?? [],
                hint: "kiln releases \(fleet) tells what became of it",
                status: .gateRefused
            )
        }
        guard release.imageName == image else {
            throw FleetError(
                .promotion,
                "release \(number) of \(fleet) is of image \(release.imageName), and the fleet is of \(image) now",
                hint: "deploy it for \(environment) first",
                status: .usage
            )
        }
        return release.image
    }
}
