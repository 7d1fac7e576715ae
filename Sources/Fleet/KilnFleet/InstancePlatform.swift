package import KilnDefinition
package import KilnSystem

/// Names one instance: `<fleet>-<release>-<four letters or digits>`.
package struct InstanceID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    package static func < (left: InstanceID, right: InstanceID) -> Bool {
        left.description < right.description
    }

    package init(from decoder: any Decoder) throws {
        description = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Grows with every holder of a fleet's lease; a platform refuses a call whose token is older than one it has seen.
package struct FencingToken: Sendable, Hashable, Comparable, Codable {
    package let value: Int64

    package init(_ value: Int64) {
        self.value = value
    }

    package static func < (left: FencingToken, right: FencingToken) -> Bool { left.value < right.value }
}

package struct InstanceSpec: Sendable, Hashable, Codable {
    package let id: InstanceID
    /// Which of the fleet's places it fills, from 0; a replacement in the same place inherits `per_slot` volumes.
    package let slot: Int
    package let release: Release
    /// Runs instead of the image's own program: in a trial of an image that has none, and in one-shot work.
    package let command: [String]?
    /// It does one thing and ends, and is no member of its fleet; nil is no.
    package let isOneShot: Bool?

    package init(
        id: InstanceID,
        slot: Int,
        release: Release,
        command: [String]? = nil,
        isOneShot: Bool = false
    ) {
        self.id = id
        self.slot = slot
        self.release = release
        self.command = command
        self.isOneShot = isOneShot ? true : nil
    }
}

/// The fleet-wide settings that a platform needs beside its instances.
package struct FleetSettings: Sendable, Hashable, Codable {
    package let fleet: FleetName
    package var listen: Listeners?
    /// Whether instances of other fleets reach the listener too; nil is no.
    package var isNeeded: Bool?

    package init(fleet: FleetName, listen: Listeners?, isNeeded: Bool = false) {
        self.fleet = fleet
        self.listen = listen
        self.isNeeded = isNeeded ? true : nil
    }
}

/// What is really there of one instance.
package struct InstanceObservation: Sendable, Hashable {
    package enum Process: Sendable, Hashable {
        /// Made in part: creation was cut off, or is under way.
        case incomplete
        case running(pid: Int32)
        /// Ended by itself or from outside.
        case exited(status: Int32?)
    }

    package enum Traffic: Sendable, Hashable {
        /// The balancer does not know it.
        case none
        /// Known, and gets requests.
        case ready
        /// Gets no new requests; `sessions` are still under way.
        case draining(sessions: Int)
    }

    package let spec: InstanceSpec
    package var process: Process
    package var traffic: Traffic
    /// Its part in the requests against the others' parts, 100 in full; 0 while it drains.
    package var weight: Int
    /// Inside the fleet's network.
    package var address: String?
    /// On the boot clock; nil when it was started in an earlier boot.
    package var started: BootInstant?
    /// Whether somebody still keeps its output and will tell how it ends. One without goes on serving until it is replaced.
    package var isSupervised: Bool
    /// When it ended, by its supervisor's note, in milliseconds since 1970; nil where nobody noted it.
    package var ended: Int64?

    package init(
        spec: InstanceSpec,
        process: Process,
        traffic: Traffic,
        weight: Int = 100,
        address: String? = nil,
        started: BootInstant? = nil,
        isSupervised: Bool = true,
        ended: Int64? = nil
    ) {
        self.spec = spec
        self.process = process
        self.traffic = traffic
        self.weight = weight
        self.address = address
        self.started = started
        self.isSupervised = isSupervised
        self.ended = ended
    }
}

package enum ProbeResult: Sendable, Hashable {
    case passed
    case failed(reason: String)
}

/// Where instances run, one by one: creates, observes, routes and destroys them. Nothing here changes a running one.
///
/// Every call is idempotent: doing again what is done is no error, so a crashed driver observes and plans again.
package protocol InstancePlatform: Sendable {
    /// Everything that exists of the fleet, one-shot work aside; changes nothing.
    func observe(_ fleet: FleetName) async throws -> [InstanceObservation]

    /// The fleets of instances that end after they were seen to run, each as soon as it does. One that cannot tell says nothing:
    /// what ended is seen at the next look in any case.
    func ends() -> AsyncStream<FleetName>

    /// The fleets of instances that change what they run from, each as soon as one does. One that cannot tell says nothing: a
    /// look for drift finds it later.
    func changes() -> AsyncStream<FleetName>

    /// The one-shot work that exists of the fleet, under way or ended; changes nothing.
    func oneShots(of fleet: FleetName) async throws -> [InstanceObservation]

    /// Refuses settings that cannot be, such as a listener that somebody else has; changes nothing.
    func check(_ settings: FleetSettings) async throws

    /// Whether the balancer does what the settings say; true without one.
    func isListening(_ settings: FleetSettings) async throws -> Bool

    /// Whether the machine's files hold another certificate of a listener than the one that it shows, and one that was not
    /// refused yet; changes nothing.
    func hasNewCertificates(_ settings: FleetSettings) async -> Bool

    /// What listeners show to their clients.
    func certificates(of settings: FleetSettings) async -> [ListenerCertificate]

    /// Shows what the files hold now, to connections that come from now on. What is no good is left, and told once.
    func renewCertificates(_ settings: FleetSettings, token: FencingToken) async throws -> [CertificateNews]

    /// Makes the fleet's network and balancer stand as they should, restoring what died: after a reboot, a crash of
    /// the balancer, a kill. Instances are left to the planner.
    func converge(_ settings: FleetSettings, token: FencingToken) async throws

    /// Makes and starts an instance, or one-shot work; it gets no traffic yet.
    func create(_ spec: InstanceSpec, token: FencingToken) async throws

    /// Gives it traffic, or another part in it (1 to 100); returns when the balancer has acknowledged.
    func route(_ instance: InstanceID, of fleet: FleetName, weight: Int, token: FencingToken) async throws

    /// Takes new traffic away; returns when the balancer has acknowledged, while requests may still be under way.
    func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Ends what traffic is left and takes it out of the balancer.
    func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Sends the stop signal, waits the grace, kills, and removes all that the instance had except volumes.
    func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Asks the instance once, in the way its release says (alive, when it says nothing).
    func probe(_ observation: InstanceObservation) async -> ProbeResult

    /// What the fleet's balancer counted of its instances, for those who compare releases; nothing without a balancer.
    func counters(of fleet: FleetName) async throws -> TrafficCounters

    /// The newest lines of the instance's output, oldest first; also of one that ended but was not destroyed.
    func logLines(_ instance: InstanceID, of fleet: FleetName, last count: Int) async throws -> [String]

    /// Takes what was altered out of use, so that no replacement stands on it.
    func retireAltered(of fleet: FleetName, token: FencingToken) async throws

    /// Cuts the instance off from its network and stops its processes where they are, with all that they hold in memory, until it
    /// is destroyed.
    func isolate(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Ends the tools that a person has joined to the instance, if there are any.
    func endTools(at instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws

    /// Ends the balancer and network of a fleet that has no instances, and its volumes if asked.
    func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws
}

extension InstancePlatform {
    package func changes() -> AsyncStream<FleetName> { AsyncStream { $0.finish() } }

    /// Gives it as much as any other.
    package func route(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        try await route(instance, of: fleet, weight: 100, token: token)
    }
}
