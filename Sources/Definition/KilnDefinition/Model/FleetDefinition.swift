package import KilnDiagnostics
package import OrderedCollections

/// N identical instances of one image, and the policy they are run by.
package struct FleetDefinition: Sendable, Hashable {
    package var image: ImageName
    package var platform: String
    package var instances: Int
    package var listen: Listeners?
    /// Fleets of the same definition that are to serve before this one starts.
    package var needs: [FleetName]
    package var resources: ResourceDefinition
    package var config: ConfigDefinition
    package var secrets: [FleetSecret]
    /// Once for each release, before its first instance.
    package var before: [BeforeDefinition]
    package var rollout: RolloutDefinition
    package var drift = DriftDefinition()
    /// Whether each instance has a layer of its own over its image, which it may write to.
    package var writableRoot = false
    /// How old an instance may become; nil is without a limit.
    package var maxAge: Duration?
    package var webhooks: [WebhookDefinition]
    /// Each must have signed an image before a release is made of it.
    package var signedBy: [SignerName] = []
    package var span: SourceSpan?

    package init(image: ImageName) {
        self.image = image
        platform = "local"
        instances = 1
        needs = []
        resources = ResourceDefinition()
        config = ConfigDefinition()
        secrets = []
        before = []
        rollout = RolloutDefinition()
        webhooks = []
    }
}

/// Where the balancer listens: an IPv4 or IPv6 address and a port.
package struct ListenAddress: Sendable, Hashable, Codable, CustomStringConvertible {
    /// IPv6 without brackets.
    package var address: String
    package var port: UInt16

    package init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }

    package var isIPv6: Bool { address.contains(":") }
    /// Whether it is every address of its kind.
    package var isEvery: Bool { address == "0.0.0.0" || address == "::" }

    /// Whether both cannot be listened on at once.
    package func meets(_ other: ListenAddress) -> Bool {
        port == other.port && isIPv6 == other.isIPv6
            && (address == other.address || isEvery || other.isEvery)
    }

    package var description: String { isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

package struct ResourceDefinition: Sendable, Hashable, Codable {
    /// Bytes.
    package var memory: Int64
    /// Cores; 0.5 is half of one.
    package var cpu: Double
    package var pids: Int

    package init(memory: Int64 = 512 << 20, cpu: Double = 1, pids: Int = 256) {
        self.memory = memory
        self.cpu = cpu
        self.pids = pids
    }
}

/// What a release brings besides its image: variables and files, resolved when the release is made.
package struct ConfigDefinition: Sendable, Hashable {
    package var env: OrderedDictionary<String, String>
    package var files: [FileDefinition]
    /// Stores, in the order written.
    package var sources: [ConfigSource]

    package init(
        env: OrderedDictionary<String, String> = [:],
        files: [FileDefinition] = [],
        sources: [ConfigSource] = []
    ) {
        self.env = env
        self.files = files
        self.sources = sources
    }
}

package struct RolloutDefinition: Sendable, Hashable, Codable {
    package enum Amount: Sendable, Hashable, Codable {
        case count(Int)
        case percent(Int)
    }

    package enum OnFailure: String, Sendable, Hashable, Codable, CaseIterable {
        case rollback
        case freeze
    }

    package enum Strategy: String, Sendable, Hashable, Codable, CaseIterable {
        case rolling
        case blueGreen = "blue-green"
        case canary
    }

    package enum Promotion: String, Sendable, Hashable, Codable, CaseIterable {
        case auto
        case manual
    }

    /// One step of a canary.
    package struct Step: Sendable, Hashable, Codable {
        package enum Pause: Sendable, Hashable, Codable {
            case time(Duration)
            case manual
        }

        /// Of a hundred requests.
        package var weight: Int
        package var pause: Pause
        /// nil when nothing compares it with the stable release.
        package var analysis: AnalysisDefinition?

        package init(weight: Int, pause: Pause = .manual, analysis: AnalysisDefinition? = nil) {
            self.weight = weight
            self.pause = pause
            self.analysis = analysis
        }
    }

    package var strategy: Strategy
    /// What comes before a canary takes over.
    package var steps: [Step]
    /// Who says that the new release gets all requests.
    package var promote: Promotion
    /// Instances of the old release that stay, without requests, until the new one is stable.
    package var keepWarm: Amount
    /// Instances above the wanted number while rolling; a percentage rounds up.
    package var surge: Amount
    /// Instances that may be missing while rolling; a percentage rounds down.
    package var unavailable: Amount
    /// How long an instance must be healthy before it counts as available.
    package var minHealthy: Duration
    /// How long an instance may take to become available.
    package var healthyDeadline: Duration
    /// How long a rollout may stand still.
    package var progressDeadline: Duration
    /// How long requests under way may take once an instance gets no new ones.
    package var drain: Duration
    /// How long a new release is watched, with the old one's instances gone, before it is stable.
    package var bake: Duration
    package var onFailure: OnFailure

    package init(
        strategy: Strategy = .rolling,
        steps: [Step] = [],
        promote: Promotion = .auto,
        keepWarm: Amount = .count(0),
        surge: Amount = .percent(25),
        unavailable: Amount = .count(0),
        minHealthy: Duration = .seconds(10),
        healthyDeadline: Duration = .seconds(300),
        progressDeadline: Duration = .seconds(600),
        drain: Duration = .seconds(30),
        bake: Duration = .seconds(60),
        onFailure: OnFailure = .rollback
    ) {
        self.strategy = strategy
        self.steps = steps
        self.promote = promote
        self.keepWarm = keepWarm
        self.surge = surge
        self.unavailable = unavailable
        self.minHealthy = minHealthy
        self.healthyDeadline = healthyDeadline
        self.progressDeadline = progressDeadline
        self.drain = drain
        self.bake = bake
        self.onFailure = onFailure
    }

    private enum CodingKeys: CodingKey {
        case strategy
        case steps
        case promote
        case keepWarm
        case surge
        case unavailable
        case minHealthy
        case healthyDeadline
        case progressDeadline
        case drain
        case bake
        case onFailure
    }

    /// What an earlier program wrote lacks what it did not know.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        strategy = try container.decodeIfPresent(Strategy.self, forKey: .strategy) ?? .rolling
        steps = try container.decodeIfPresent([Step].self, forKey: .steps) ?? []
        promote = try container.decodeIfPresent(Promotion.self, forKey: .promote) ?? .auto
        keepWarm = try container.decodeIfPresent(Amount.self, forKey: .keepWarm) ?? .count(0)
        surge = try container.decode(Amount.self, forKey: .surge)
        unavailable = try container.decode(Amount.self, forKey: .unavailable)
        minHealthy = try container.decode(Duration.self, forKey: .minHealthy)
        healthyDeadline = try container.decode(Duration.self, forKey: .healthyDeadline)
        progressDeadline = try container.decode(Duration.self, forKey: .progressDeadline)
        drain = try container.decode(Duration.self, forKey: .drain)
        bake = try container.decode(Duration.self, forKey: .bake)
        onFailure = try container.decode(OnFailure.self, forKey: .onFailure)
    }
}
