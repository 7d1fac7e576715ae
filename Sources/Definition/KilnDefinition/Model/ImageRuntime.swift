/// How instances of an image run, in Kiln's own words: what OCI's configuration has no place for.
///
/// Every baked image carries this as canonical JSON in the label `ImageRuntime.label`, so that a deploy needs the
/// image alone and no definition.
package struct ImageRuntime: Sendable, Hashable, Codable {
    package static let label = "dev.kiln.image"

    package var name: ImageName
    package var version: String?
    package var profile: ImageProfile?
    /// Ports that instances listen on, by name.
    package var ports: [String: UInt16]
    package var health: HealthDefinition?
    package var state: [StateDefinition]
    package var stop: StopDefinition

    /// The image as resolved: what it takes over from the images below it is already in it.
    package init(_ name: ImageName, _ image: ImageDefinition) {
        self.name = name
        version = image.version
        profile = image.profile
        ports = Dictionary(uniqueKeysWithValues: image.ports.map { ($0.description, $1) })
        health = image.health
        state = image.state
        stop = image.stop
    }
}
