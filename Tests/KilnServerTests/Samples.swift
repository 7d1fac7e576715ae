import KilnDefinition
import KilnFleet
import KilnOCI

/// Values to send: with all that may be in them.
enum Samples {
    static let fleet: FleetName = "shop"

    static func content(_ version: String = "1") -> ReleaseContent {
        ReleaseContent(
            image: Digest(of: version),
            imageName: "shop",
            imageVersion: version,
            env: ["LOG_LEVEL": "warn", "UMLAUT": "ä\n\"\\"],
            files: [
                ConfigFile(target: "/etc/a", userID: 1, groupID: 2, mode: 0o600, content: [0, 1, 255, 10])
            ],
            health: HealthDefinition(probe: .http(port: 8080, path: "/healthz")),
            state: [],
            stop: StopDefinition(),
            resources: ResourceDefinition(),
            ports: ["http": 8080],
            peers: ["stock": 9000],
            secrets: [SecretReference(name: "db", file: "/run/secrets/db", target: "/run/secrets/db")]
        )
    }

    static let policy = FleetPolicy(
        instances: 3,
        listen: Listeners(ListenAddress(address: "127.0.0.1", port: 8080)),
        rollout: RolloutDefinition(surge: .count(1)),
        needs: ["stock"]
    )

    static let changes: [FleetChange] = [
        .deploy(content(), policy), .rollback(to: nil), .rollback(to: ReleaseNumber(rawValue: 3)), .resume,
        .scale(to: 5), .replace([InstanceID("shop-1-aaaa"): "over-mount: /www"]), .recycle,
        .destroy(volumes: true), .destroy(volumes: false), .pause, .promote(full: true),
        .promote(full: false), .abort, .freeze(why: "looking at the database"),
    ]

    static let failure = DeployOutcome.Failure(
        reason: "HTTP 404",
        evidence: FailureEvidence(
            instance: InstanceID("shop-2-bbbb"),
            release: ReleaseNumber(rawValue: 2),
            reason: "HTTP 404",
            logLines: ["one", "two\u{1B}[31m"],
            time: 1_800_000_000
        )
    )

    static let outcomes: [DeployOutcome] = [
        .unchanged(ReleaseNumber(rawValue: 1), policyChanged: true), .unchanged(nil, policyChanged: false),
        .stable(ReleaseNumber(rawValue: 2)),
        .rolledBack(to: ReleaseNumber(rawValue: 1), failed: ReleaseNumber(rawValue: 2), failure),
        .stopped(failure), .frozen(failure),
        .degraded(DeployOutcome.Failure(reason: "no room", evidence: nil)),
        .paused(ReleaseNumber(rawValue: 2)), .paused(nil), .left(ReleaseNumber(rawValue: 2)),
        .unready(ReleaseNumber(rawValue: 2), serving: ReleaseNumber(rawValue: 1), failure),
        .unsure(ReleaseNumber(rawValue: 2), serving: nil, reason: "it vanished"),
        .waiting(ReleaseNumber(rawValue: 2), reason: "a person"), .halted(reason: "frozen"),
        .untried(ReleaseNumber(rawValue: 4)),
        .rolledBack(to: ReleaseNumber(rawValue: 1), failed: ReleaseNumber(rawValue: 2), aborted),
        .unready(ReleaseNumber(rawValue: 2), serving: nil, aborted), .stopped(aborted), .frozen(aborted),
        .degraded(aborted),
    ]

    /// Nobody blames the release.
    static let aborted = DeployOutcome.Failure(
        reason: "aborted by a person",
        evidence: nil,
        isBlamed: false
    )
}
