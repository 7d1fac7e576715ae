package import KilnDefinition
package import KilnOCI
package import KilnSystem

/// What fleets remember across commands and crashes. `KilnCatalog` keeps it in SQLite.
///
/// Every change but `acquireLease` carries the lease and is refused with `FleetError` once a newer holder exists.
package protocol FleetStore: Sendable {
    /// All fleets, by name.
    func fleets() async throws -> [FleetRecord]
    func fleet(_ name: FleetName) async throws -> FleetRecord?
    /// Oldest first, with all their content. They outlive their fleet.
    func releases(of fleet: FleetName) async throws -> [ReleaseRecord]
    /// The same without their content, which is not read.
    func releaseEntries(of fleet: FleetName) async throws -> [ReleaseEntry]
    func release(_ number: ReleaseNumber, of fleet: FleetName) async throws -> Release?
    /// Newest first.
    func rollouts(of fleet: FleetName, limit: Int) async throws -> [RolloutRecord]
    /// By slot, then name.
    func instances(of fleet: FleetName) async throws -> [InstanceRecord]
    /// The newest `limit` events with a sequence above `after`, oldest first; of all fleets when `fleet` is nil.
    func events(of fleet: FleetName?, after: Int64, limit: Int) async throws -> [FleetEvent]
    /// The lease that was granted last, unless it was given back.
    func lease(of fleet: FleetName) async throws -> Lease?
    /// Differs from an earlier answer to the same caller once anything that is kept was changed, by whomever.
    func revision() async throws -> StoreRevision
    /// What was seen of an image's packages last; nil when nobody asked its archives.
    func patchState(of image: Digest) async throws -> PatchState?

    /// Grants a lease with a new, greater token, or tells who has it.
    func acquireLease(_ request: LeaseRequest) async throws -> LeaseAnswer
    func renewLease(_ lease: Lease, until: BootInstant) async throws
    /// Gives the lease back. Fine when it was lost before.
    func releaseLease(_ lease: Lease) async throws
    /// Notes for the lease's holder that it should come to an end. Fine when the lease was lost.
    /// False when the holder gave the lease back, or was told already.
    @discardableResult
    func interruptLease(_ lease: Lease, by who: String) async throws -> Bool
    /// Comes whenever the fleet's lease was given back, or its holder is to come to an end, from now on. It may come for nothing,
    /// and what other processes do may come late, or never: whoever waits looks now and then all the same.
    func leaseNews(of fleet: FleetName) -> AsyncStream<Void>

    /// All edits or none, in one transaction that also checks the lease; durable when it returns. Gives the sequences of the
    /// events among them, in order.
    @discardableResult
    func commit(_ edits: [FleetEdit], under lease: Lease) async throws -> [Int64]
}

extension FleetStore {
    package func patchState(of image: Digest) async throws -> PatchState? { nil }
}

/// A state of the store, as one of its users sees it.
package struct StoreRevision: Sendable, Hashable {
    /// Counts the changes by others, and the user's own.
    private let others: Int
    private let own: Int

    package init(others: Int, own: Int) {
        self.others = others
        self.own = own
    }
}

/// One change of what is remembered of the lease's fleet.
package enum FleetEdit: Sendable, Hashable {
    case putFleet(FleetRecord)
    /// Removes the fleet with its instances and rollouts; its releases and events stay as history.
    case removeFleet
    case addRelease(ReleaseRecord)
    case quarantine(ReleaseNumber, ReleaseRecord.Quarantine)
    case liftQuarantine(ReleaseNumber)
    case markStable(ReleaseNumber, at: Int64)
    case putPreparation(ReleaseNumber, Preparation)
    /// Of all releases of the fleet: none of their one-shot work counts as done.
    case removePreparations
    case putRollout(RolloutRecord)
    case putInstance(InstanceRecord)
    case removeInstance(InstanceID)
    /// Its sequence is given to it; so is its cause, where there is one.
    case addEvent(FleetEvent, cause: EventCause? = nil)
}
