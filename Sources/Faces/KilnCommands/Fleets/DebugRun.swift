import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import Synchronization

/// One session at an instance: condemned and out of traffic first, tools joined, and what it was told of at the end.
///
/// What changes the fleet goes through whoever keeps it; the tools are this process's, on its own terminal.
struct DebugRun {
    struct Image {
        let digest: Digest
        let name: String
    }

    let fleets: FleetContext
    let fleet: FleetName
    let instance: InstanceID
    let options: FleetDriver.Options
    let context: CommandContext

    func run(_ wish: DebugWish, _ session: ToolsSession, of image: Digest) async throws -> ToolStatus {
        let outcome = try await change(.debug(instance, wish))
        guard case .debugged(_, let until?) = outcome else {
            OutcomeReport(fleet, outcome).show(on: context.console)
            throw CommandExit(status: outcome.exitStatus == .done ? .failed : outcome.exitStatus)
        }
        let (status, why): (ToolStatus, String?)
        do {
            (status, why) = try await hold(session, of: image, until: until)
        } catch {
            // It is condemned all the same, and nobody looks at it.
            let end = DebugEnd(session: wish.session, status: nil, reason: "without having begun")
            try? await conclude(end)
            throw error
        }
        if let why { context.console.message("the tools were ended \(why)") }
        try await conclude(
            DebugEnd(session: .current, status: why == nil ? status.number : nil, reason: why)
        )
        return why == nil ? status : .signalled(1)
    }

    /// The session itself, and why it was cut off where it was. Meanwhile the fleet is healed by whoever keeps it, or by this
    /// process where nobody does.
    private func hold(
        _ session: ToolsSession,
        of image: Digest,
        until: Int64
    ) async throws -> (ToolStatus, why: String?) {
        let (cut, healing) = (SessionCut(), StopSignal())
        let keeper = try await fleets.keeper(until: healing)
        let hold = try await fleets.store.instances(of: fleet).first { $0.id == self.instance }?.debug
        greet(session, until, isKept: hold?.isKept ?? false)
        let (fleet, instance, platform) = (fleet, instance, fleets.platform)
        let status = try await withThrowingTaskGroup(of: Void.self) { group in
            defer {
                healing.request(.leaving)
                group.cancelAll()
            }
            group.addTask { if let keeper { _ = try? await keeper.tend(fleet) } }
            group.addTask {
                let left = max(0, until - WallClock.now)
                guard (try? await Task.sleep(for: .seconds(left))) != nil else { return }
                cut.request("at the time limit")
            }
            return try await context.interruption.deferring {
                cut.request("when they were interrupted")
            } _: {
                try await platform.join(session, of: image, to: instance, of: fleet, cut: cut.stop)
            }
        }
        return (status, cut.reason)
    }

    private func greet(_ session: ToolsSession, _ until: Int64, isKept: Bool) {
        let rest = isKept ? "it is destroyed then" : "it is destroyed when the tools end, at the latest then"
        context.console.message(
            "\(instance) is condemned and out of traffic until \(WallClock.format(until)); \(rest)"
        )
        guard session.hasTerminal else { return }
        let traced = session.mayTrace ? "; /proc/1/root is all of it, secrets too" : ""
        context.console.message("its root is at /instance, read-only, without secrets and volumes\(traced)")
    }

    private func conclude(_ end: DebugEnd) async throws {
        let outcome = try await change(.endDebug(instance, end))
        OutcomeReport(fleet, outcome).show(on: context.console)
        if case .debugged(_, until: _?) = outcome {
            context.console.message(
                "hint: kiln debug \(instance) joins it again, kiln cp copies out of it"
            )
        }
        // Nobody else would see to it that its place is filled.
        let stop = StopSignal()
        guard let keeper = try await fleets.keeper(until: stop) else { return }
        try await context.withProgress(.text, narrates: true) {
            try await context.interruption.deferring {
                stop.request(.leaving)
            } _: {
                _ = try? await keeper.tend(fleet)
            }
        }
    }

    /// With a signal of its own: what interrupted the session does not keep it from being ended well.
    private func change(_ change: FleetChange) async throws -> DeployOutcome {
        let stop = StopSignal()
        let changes = try await fleets.changes(until: stop)
        return try await context.withProgress(.text, narrates: true) {
            try await StoreLock(fleets.home).shared(within: options.wait) {
                try await context.interruption.deferring {
                    stop.request(.leaving)
                } _: {
                    try await changes.perform(change, on: fleet, gate: { _ in }, options: options)
                }
            }
        }
    }
}

/// Ends the tools before they end by themselves, and knows why.
private final class SessionCut: Sendable {  // a class: the time, the signals and the session share it
    let stop = StopSignal()
    private let words = Mutex<String?>(nil)

    var reason: String? { words.withLock(\.self) }

    func request(_ reason: String) {
        words.withLock { $0 = $0 ?? reason }
        stop.request()
    }
}

extension ToolStatus {
    /// As a shell tells it.
    fileprivate var number: Int {
        switch self {
        case .exited(let code): Int(code)
        case .signalled(let signal): 128 + Int(signal)
        }
    }
}
