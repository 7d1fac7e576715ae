import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// From what is decided to what is done.
extension FleetRun {
    /// Operations under way at once: enough to keep a machine busy, few enough not to starve what serves on it.
    static let operationLimit = 8

    func begin(_ actions: [Action], in group: inout ThrowingTaskGroup<Report, any Error>) async throws {
        for action in actions where view.busyCount < Self.operationLimit {
            switch action {
            case .change: continue
            case .create(let slot, let release): try await create(slot, release.releaseNumber, in: &group)
            case .route(let key, let weight):
                let again = view.id(of: key).map(view.hasTraffic) ?? false
                begin(.route(weight: weight, again: again), key, in: &group)
            case .drain(let key): begin(.drain, key, in: &group)
            case .detach(let key): begin(.detach, key, in: &group)
            case .destroy(let key): begin(.destroy, key, in: &group)
            }
        }
    }

    /// Written down before it is made: after a crash nobody makes a second one in its place.
    private func create(
        _ slot: Int,
        _ number: ReleaseNumber,
        in group: inout ThrowingTaskGroup<Report, any Error>
    ) async throws {
        guard let release = ledger.release(number) else {
            throw FleetError.unknownRelease(number, of: ledger.name)
        }
        let id = freeID(number)
        let record = InstanceRecord(
            id: id,
            slot: slot,
            release: number,
            created: clock.time,
            madeIn: ledger.record.rollout.generation
        )
        let message = "release \(number): instance \(id) is started"
        let event = ledger.event(.instanceCreated, message, instance: id, release: number)
        try await write([.putInstance(record), event])
        view.begin(id)
        let (platform, token) = (platform, ledger.lease.token)
        let spec = InstanceSpec(id: id, slot: slot, release: release)
        group.addTask {
            let failure = await Self.failure { try await platform.create(spec, token: token) }
            return .done(.create, id, failure)
        }
    }

    private func begin(
        _ operation: Operation,
        _ key: InstanceKey,
        in group: inout ThrowingTaskGroup<Report, any Error>
    ) {
        guard let id = view.id(of: key) else { return }
        view.begin(id)
        let (platform, fleet, token) = (platform, ledger.name, ledger.lease.token)
        group.addTask {
            let failure = await Self.failure {
                switch operation {
                case .create: break
                case .route(let weight, _):
                    try await platform.route(id, of: fleet, weight: weight, token: token)
                case .drain: try await platform.drain(id, of: fleet, token: token)
                case .detach: try await platform.detach(id, of: fleet, token: token)
                case .destroy: try await platform.destroy(id, of: fleet, token: token)
                }
            }
            return .done(operation, id, failure)
        }
    }

    private nonisolated static func failure(_ body: () async throws -> Void) async -> Failure? {
        do {
            try await body()
            return nil
        } catch {
            let isOfRelease = (error as? any ReleaseFault)?.isOfRelease ?? false
            return Failure(reason: words(error), isOfRelease: isOfRelease)
        }
    }

    nonisolated static func words(_ error: any Error) -> String {
        error.asDiagnostics.map { ([$0.message] + $0.causes).joined(separator: ": ") }.joined(separator: "; ")
    }

    private func freeID(_ number: ReleaseNumber) -> InstanceID {
        while true {
            let id = InstanceID("\(ledger.name)-\(number)-\(makeSuffix())")
            if ledger.instances[id] == nil { return id }
        }
    }

    func finish(_ operation: Operation, _ id: InstanceID, _ failure: Failure?) async throws {
        if let failure {
            // A platform that refuses may do so because another driver took over.
            try await renew()
            return try await failed(operation, id, failure)
        }
        view.end(id)
        guard let instance = ledger.instances[id] else { return }
        let release = "release \(instance.release): instance \(id)"
        switch operation {
        case .create:
            refusals = 0
            if refusal != nil { relented = clock.now.instant }
            refusal = nil
        case .route(_, again: true): break
        case .route:
            try await tell(.instanceServing, "\(release) is healthy, gets traffic", instance)
        case .drain where instance.isTaken:
            try await tell(.instanceLeaving, "\(release) gets no new requests any more", instance)
        case .drain where !instance.isStopping:
            try await tell(.instanceLeaving, "\(release) gets no new requests until it is healthy", instance)
        case .drain, .detach: break
        case .destroy:
            let event = ledger.event(
                .instanceRemoved,
                "\(release) is gone",
                instance: id,
                release: instance.release
            )
            try await write([.removeInstance(id), event])
        }
    }

    private func failed(_ operation: Operation, _ id: InstanceID, _ failure: Failure) async throws {
        let now = clock.now
        guard case .create = operation else {
            view.end(id, retryAt: now.advanced(by: .seconds(1)))
            return try await tellTrouble("could not \(operation.word) instance \(id): \(failure.reason)", id)
        }
        view.end(id)
        if failure.isOfRelease {
            return view.couldNotMake(id, .ended(reason: "could not be started: \(failure.reason)"))
        }
        view.couldNotMake(id, .refused)
        refusals += 1
        let delay = Duration.seconds(1 << min(refusals - 1, 5))
        refusal = Refusal(until: now.advanced(by: delay).instant, reason: failure.reason)
        let message = "could not make instance \(id), trying again in \(delay.words): \(failure.reason)"
        try await tellTrouble(message, id)
    }

    private func tellTrouble(_ message: String, _ id: InstanceID) async throws {
        guard let instance = ledger.instances[id], view.isFirstTrouble(id, message) else { return }
        try await tell(.platformTrouble, message, instance)
    }

    func note(_ news: InstanceView.News, of id: InstanceID) async throws {
        guard let instance = ledger.instances[id] else { return }
        let name = "release \(instance.release): instance \(id)"
        switch news {
        case .healthy where ledger.record.policy.listen == nil:
            try await tell(.instanceServing, "\(name) is healthy", instance)
        case .healthy: break
        case .unhealthy(let reason):
            try await tell(.instanceUnhealthy, "\(name) is not healthy: \(reason)", instance)
        }
    }

    private func tell(_ kind: FleetEvent.Kind, _ message: String, _ instance: InstanceRecord) async throws {
        try await write([
            ledger.event(kind, message, instance: instance.id, release: instance.release)
        ])
    }
}

extension FleetRun.Operation {
    fileprivate var word: String {
        switch self {
        case .create: "create"
        case .route: "route"
        case .drain: "drain"
        case .detach: "detach"
        case .destroy: "destroy"
        }
    }
}
