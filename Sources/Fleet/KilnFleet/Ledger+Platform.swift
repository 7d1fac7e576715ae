import KilnRollout
import KilnSystem

// What is asked of the platform under the lease, and may last.
extension Ledger {
    private var settings: FleetSettings { record.policy.settings(of: name) }

    /// Makes what the fleet's instances share stand as it should.
    func converge(_ platform: any InstancePlatform) async throws {
        let (settings, token) = (settings, lease.token)
        try await keepingLease { try await platform.converge(settings, token: token) }
    }

    /// Has listeners show what the files hold now; what became of that, to be written down.
    func renewCertificates(_ platform: any InstancePlatform) async throws -> [FleetEdit] {
        let (settings, token) = (settings, lease.token)
        let news = try await keepingLease {
            try await platform.renewCertificates(settings, token: token)
        }
        return news.map { event($0.kind, $0.message) }
    }

    func isolate(_ id: InstanceID, _ platform: any InstancePlatform) async throws {
        let (fleet, token) = (name, lease.token)
        try await keepingLease { try await platform.isolate(id, of: fleet, token: token) }
    }

    func endTools(at id: InstanceID, _ platform: any InstancePlatform) async throws {
        let (fleet, token) = (name, lease.token)
        try await keepingLease { try await platform.endTools(at: id, of: fleet, token: token) }
    }

    func retireAltered(_ platform: any InstancePlatform) async throws {
        let (fleet, token) = (name, lease.token)
        try await keepingLease { try await platform.retireAltered(of: fleet, token: token) }
    }

    /// Makes a call that may outlast the lease, which is renewed beside it. Where the lease is lost, the call is cancelled.
    func keepingLease<Value: Sendable>(
        during call: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let (store, clock, lease) = (store, clock, lease)
        return try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await call() }
            group.addTask {
                while true {
                    try await clock.sleep(until: clock.now.advanced(by: Lease.renewal))
                    try await store.renewLease(lease, until: clock.now.advanced(by: Lease.duration))
                }
            }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
