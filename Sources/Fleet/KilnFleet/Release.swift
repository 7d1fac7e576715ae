import FoundationEssentials
package import KilnDefinition
package import KilnOCI

/// A release of a fleet: 1, 2, 3, … in the order made.
package struct ReleaseNumber: Sendable, Hashable, Comparable, Codable, RawRepresentable,
    CustomStringConvertible
{
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package var description: String { String(rawValue) }

    package static func < (left: ReleaseNumber, right: ReleaseNumber) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What instances are made of; never changed after it was made.
package struct Release: Sendable, Hashable, Codable {
    package let fleet: FleetName
    package let number: ReleaseNumber
    package let content: ReleaseContent
    /// Seconds since 1970.
    package let created: Int64

    package init(fleet: FleetName, number: ReleaseNumber, content: ReleaseContent, created: Int64) {
        self.fleet = fleet
        self.number = number
        self.content = content
        self.created = created
    }
}

/// Everything that makes one release differ from another. Its digest is the release's identity: the same content is
/// the same release, and a quarantined content stays quarantined.
package struct ReleaseContent: Sendable, Hashable, Codable {
    /// The image's manifest.
    package var image: Digest
    package var imageName: ImageName
    package var imageVersion: String?
    /// The image's variables with the fleet's on top, resolved.
    package var env: [String: String]
    package var files: [ConfigFile]
    package var health: HealthDefinition?
    package var state: [StateDefinition]
    package var stop: StopDefinition
    package var resources: ResourceDefinition
    /// Ports that instances listen on, by name; the balancer uses `http`, else the only one.
    package var ports: [String: UInt16]
    /// The fleets that instances reach under their names, and at which ports; nil is for none, as in releases of before.
    package var peers: [String: UInt16]?
    /// Of those fleets the ports that have a name, by that; nil is for none, as in releases of before.
    package var peerPorts: [String: [String: UInt16]]?
    /// What instances read of this machine's secrets; nil is for none, as in releases of before.
    package var secrets: [SecretReference]?
    /// What runs once before the first instance; nil is nothing, as in releases of before.
    package var before: [BeforeDefinition]?
    /// Whether instances may write to their root; nil is no, as in releases of before.
    package var writableRoot: Bool?

    package init(
        image: Digest,
        imageName: ImageName,
        imageVersion: String?,
        env: [String: String],
        files: [ConfigFile],
        health: HealthDefinition?,
        state: [StateDefinition],
        stop: StopDefinition,
        resources: ResourceDefinition,
        ports: [String: UInt16],
        peers: [String: UInt16]? = nil,
        peerPorts: [String: [String: UInt16]]? = nil,
        secrets: [SecretReference]? = nil,
        before: [BeforeDefinition]? = nil,
        writableRoot: Bool = false
    ) {
        self.image = image
        self.imageName = imageName
        self.imageVersion = imageVersion
        self.env = env
        self.files = files
        self.health = health
        self.state = state
        self.stop = stop
        self.resources = resources
        self.ports = ports
        self.peers = peers
        self.peerPorts = peerPorts
        self.secrets = secrets
        self.before = before
        self.writableRoot = writableRoot ? true : nil
    }

    package func digest() throws -> Digest {
        Digest(of: try CanonicalJSON.encode(self))
    }

    /// Where the balancer sends requests.
    package var balancedPort: UInt16? {
        ports["http"] ?? (ports.count == 1 ? ports.first?.value : nil)
    }

    /// Where this listener's connections go; nil when the image names no such port.
    package func port(for listener: Listener) -> UInt16? {
        if listener.redirects { return nil }
        return switch listener.port {
        case nil: balancedPort
        case .name(let name): ports[name.description]
        case .number(let number): number
        }
    }

    /// Whether some listener leads to its instances.
    package func isReached(by listen: Listeners?) -> Bool {
        listen?.all.contains { port(for: $0) != nil } ?? false
    }
}

/// A configuration file of a release, with the bytes it had when the release was made.
package struct ConfigFile: Sendable, Hashable, Codable {
    /// Absolute path inside the instance.
    package var target: String
    package var userID: UInt32
    package var groupID: UInt32
    package var mode: UInt32
    package var content: [UInt8]

    package init(target: String, userID: UInt32, groupID: UInt32, mode: UInt32, content: [UInt8]) {
        self.target = target
        self.userID = userID
        self.groupID = groupID
        self.mode = mode
        self.content = content
    }

    private enum CodingKeys: String, CodingKey {
        case target
        case userID
        case groupID
        case mode
        case content
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        target = try container.decode(String.self, forKey: .target)
        userID = try container.decode(UInt32.self, forKey: .userID)
        groupID = try container.decode(UInt32.self, forKey: .groupID)
        mode = try container.decode(UInt32.self, forKey: .mode)
        let text = try container.decode(String.self, forKey: .content)
        guard let data = Data(base64Encoded: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .content,
                in: container,
                debugDescription: "no base64"
            )
        }
        content = Array(data)
    }

    /// The content as base64: a list of numbers would be three times as long, and slow to read at every look.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(target, forKey: .target)
        try container.encode(userID, forKey: .userID)
        try container.encode(groupID, forKey: .groupID)
        try container.encode(mode, forKey: .mode)
        try container.encode(Data(content).base64EncodedString(), forKey: .content)
    }
}
