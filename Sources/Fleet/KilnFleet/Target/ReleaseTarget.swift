package import KilnDefinition
package import KilnRollout

/// Where an engine of its own decides the steps of a rollout, and Kiln judges: a Kubernetes Deployment, an EC2 Auto Scaling
/// group.
///
/// Every call is idempotent, returns within a lease's duration, and is refused when its token is older than one that was seen.
/// A target keeps the submission that it was told last where the engine keeps it with the release (an annotation, a tag), so
/// that whoever comes after a crash can observe it; one of an earlier generation is refused. What is made is of the release by
/// digest and number, never of a name that moves: nothing else can be gone back to.
package protocol ReleaseTarget: Sendable {
    var abilities: EngineAbilities { get }

    /// Everything that is there of the fleet; nil for nothing. Changes nothing.
    func observe(_ fleet: FleetName) async throws -> EngineState?

    /// Has the engine roll out a release, from whatever it is at; makes what is missing for the first one.
    func submit(_ order: ReleaseOrder, token: FencingToken) async throws

    /// The same for a release that is known to be good, on the way back: by the engine's own way back where it has one (a
    /// revision, a refresh that is still under way), else by another rollout. Waits that are for new releases are left out.
    func revert(to order: ReleaseOrder, token: FencingToken) async throws

    /// Has the rollout stand still where it is.
    func pause(_ fleet: FleetName, token: FencingToken) async throws
    func resume(_ fleet: FleetName, token: FencingToken) async throws

    /// Ends the rollout where it is, for engines that cannot turn on the way.
    func cancel(_ fleet: FleetName, token: FencingToken) async throws

    /// Changes how many instances there are, and nothing else.
    func scale(_ fleet: FleetName, to instances: Int, token: FencingToken) async throws

    /// Has one instance replaced by another of the same release, the other one first where the engine can.
    func retire(_ instance: EngineInstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Removes all instances, then everything else of the fleet.
    func remove(_ fleet: FleetName, token: FencingToken) async throws

    /// The newest lines of an instance's output, oldest first.
    func logLines(_ instance: EngineInstanceID, of fleet: FleetName, last count: Int) async throws -> [String]
}

/// A release that an engine is to roll out, and how.
package struct ReleaseOrder: Sendable, Hashable {
    package let release: Release
    package let submission: Submission
    package let policy: EnginePolicy
    package let settings: FleetSettings

    package init(release: Release, submission: Submission, policy: EnginePolicy, settings: FleetSettings) {
        self.release = release
        self.submission = submission
        self.policy = policy
        self.settings = settings
    }
}

/// The two ways in which fleets run somewhere.
package enum PlatformRole: Sendable {
    /// Kiln decides each step.
    case instances(any InstancePlatform)
    /// An engine decides the steps, and Kiln judges.
    case releases(any ReleaseTarget)
}

extension PlatformRole {
    /// Refuses settings that could not be followed. What an engine cannot follow it says when it is told.
    func check(_ settings: FleetSettings) async throws {
        if case .instances(let platform) = self { try await platform.check(settings) }
    }
}
