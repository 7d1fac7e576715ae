import Glibc
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import SystemPackage

/// Asks a running instance whether it is well.
struct InstanceProbe: Sendable {
    let paths: InstancePaths
    let runner: ToolRunner

    func probe(_ observation: InstanceObservation) async -> ProbeResult {
        switch observation.process {
        case .incomplete: return .failed(reason: "not started yet")
        case .exited(let status): return .failed(reason: status.map { "exited with status \($0)" } ?? "ended")
        case .running: break
        }
        guard let health = observation.spec.release.content.health else { return .passed }
        if case .command(let words) = health.probe { return await execute(words, limit: health.timeout) }
        guard let address = observation.address else { return .failed(reason: "no address") }
        return await reach(address, health)
    }

    private func reach(_ address: String, _ health: HealthDefinition) async -> ProbeResult {
        let probe = health.probe
        let limit = health.timeout
        let host = paths.fleet.fleet.description
        let result = try? await Blocking.wait { () -> ProbeResult in
            switch probe {
            case .http(let port, let path):
                SocketProbe(address: address, port: port, limit: limit).http(path: path, host: host)
            case .tcp(let port): SocketProbe(address: address, port: port, limit: limit).tcp()
            case .command: .passed
            }
        }
        return result ?? .failed(reason: "could not be asked")
    }

    private func execute(_ words: [String], limit: Duration) async -> ProbeResult {
        do {
            return Self.verdict(try await run(words, within: limit), limit)
        } catch {
            return .failed(reason: "could not be asked: \(error.asDiagnostics.first?.message ?? "")")
        }
    }

    /// Runs a command beside the instance's own process, as its user; nil when the time was up first.
    func run(_ words: [String], within limit: Duration) async throws -> ToolOutput? {
        guard let runtime = ExecutableSearch.find("runc") else {
            throw ToolError(invocation: ToolInvocation("runc"), reason: .notFound)
        }
        return try await TemporaryDirectory.with(in: paths.runtime, prefix: "probe-") { folder in
            let processFile = folder.appending("pid")
            let command = ContainerCommands(paths: paths, runtime: runtime)
                .execute(words, processFile: processFile)
            let session = CommandSession(paths: paths, processFile: processFile)
            // What it left in the background would stay until the instance has no room for processes.
            defer { session.end() }
            return try await withDeadline(limit) {
                // The runtime's own end would leave the command running inside, also one that it starts just now.
                _ = try? await Waiting.until(.seconds(5)) { session.hasBegun }
                session.end()
            } body: {
                try await runner.runUnchecked(command)
            }
        }
    }

    private static func verdict(_ output: ToolOutput?, _ limit: Duration) -> ProbeResult {
        guard let output else { return .failed(reason: "no answer within \(limit.formattedForPeople)") }
        guard output.status != .exited(0) else { return .passed }
        let said = (output.errorText + output.text).split(separator: "\n").last.map { ": \($0)" } ?? ""
        return .failed(reason: "\(output.status)\(said)")
    }

    /// nil when the time is up; `onTimeout` then makes the body end.
    private func withDeadline<Result: Sendable>(
        _ limit: Duration,
        onTimeout: @escaping @Sendable () async -> Void,
        body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                await onTimeout()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}

extension Duration {
    /// Such as `2 s` or `250 ms`.
    var formattedForPeople: String {
        let milliseconds = inNanoseconds / 1_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }
}
