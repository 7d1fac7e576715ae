import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnSystem
import Synchronization

/// The real catalog, whose user dies at a chosen write: right before or right after it.
final class TestStore: FleetStore {  // a class: counts the writes of one life
    struct Died: Error {}

    private struct Life {
        var writes = 0
        var leases = 0
        var isDead = false
        var reading: (@Sendable (FleetName) async -> Void)?
    }

    private let catalog: Catalog
    private let clock: VirtualTime
    private let death: (write: Int, before: Bool)?
    /// The user stalls for so long before its nth write.
    private let stall: (write: Int, time: Duration)?
    private let life = Mutex(Life())

    init(
        _ catalog: Catalog,
        _ clock: VirtualTime,
        dyingAt death: (write: Int, before: Bool)? = nil,
        stallingAt stall: (write: Int, time: Duration)? = nil
    ) {
        self.stall = stall
        self.catalog = catalog
        self.clock = clock
        self.death = death
    }

    /// How often somebody wanted the lease.
    var leases: Int { life.withLock { $0.leases } }
    var isDead: Bool { life.withLock { $0.isDead } }

    func fleets() async throws -> [FleetRecord] { try await call { try await $0.fleets() } }
    func fleet(_ name: FleetName) async throws -> FleetRecord? { try await call { try await $0.fleet(name) } }
    func releases(of fleet: FleetName) async throws -> [ReleaseRecord] {
        try await call { try await $0.releases(of: fleet) }
    }
    func releaseEntries(of fleet: FleetName) async throws -> [ReleaseEntry] {
        try await call { try await $0.releaseEntries(of: fleet) }
    }
    func release(_ number: ReleaseNumber, of fleet: FleetName) async throws -> Release? {
        try await call { try await $0.release(number, of: fleet) }
    }
    func rollouts(of fleet: FleetName, limit: Int) async throws -> [RolloutRecord] {
        try await call { try await $0.rollouts(of: fleet, limit: limit) }
    }
    /// What happens in the middle of reading a fleet's instances.
    func whenReading(_ body: (@Sendable (FleetName) async -> Void)?) {
        life.withLock { $0.reading = body }
    }

    func instances(of fleet: FleetName) async throws -> [InstanceRecord] {
        await life.withLock { $0.reading }?(fleet)
        return try await call { try await $0.instances(of: fleet) }
    }
    func events(of fleet: FleetName?, after: Int64, limit: Int) async throws -> [FleetEvent] {
        try await call { try await $0.events(of: fleet, after: after, limit: limit) }
    }
    func lease(of fleet: FleetName) async throws -> Lease? {
        try await call { try await $0.lease(of: fleet) }
    }

    func revision() async throws -> StoreRevision { try await call { try await $0.revision() } }

    func acquireLease(_ request: LeaseRequest) async throws -> LeaseAnswer {
        life.withLock { $0.leases += 1 }
        return try await write { try await $0.acquireLease(request) }
    }
    func renewLease(_ lease: Lease, until expires: BootInstant) async throws {
        try await write { try await $0.renewLease(lease, until: expires) }
    }
    func releaseLease(_ lease: Lease) async throws { try await write { try await $0.releaseLease(lease) } }
    @discardableResult
    func interruptLease(_ lease: Lease, by who: String) async throws -> Bool {
        try await write { try await $0.interruptLease(lease, by: who) }
    }
    func leaseNews(of fleet: FleetName) -> AsyncStream<Void> { catalog.leaseNews(of: fleet) }
    @discardableResult
    func commit(_ edits: [FleetEdit], under lease: Lease) async throws -> [Int64] {
        try await write { try await $0.commit(edits, under: lease) }
    }

    private func call<Result>(_ body: (Catalog) async throws -> Result) async throws -> Result {
        if isDead { throw Died() }
        return try await clock.outside { try await body(catalog) }
    }

    private func write<Result>(_ body: (Catalog) async throws -> Result) async throws -> Result {
        let dies = life.withLock { life in
            life.writes += 1
            if life.writes == death?.write { life.isDead = true }
            return life.isDead
        }
        if let stall, life.withLock({ $0.writes == stall.write }) {
            try await clock.sleep(until: clock.now.advanced(by: stall.time))
        }
        if dies, death?.before == true || life.withLock({ $0.writes != death?.write }) { throw Died() }
        let result = try await clock.outside { try await body(catalog) }
        if dies { throw Died() }
        return result
    }
}
