package import KilnDefinition
package import KilnFleet
package import KilnSystem
import SystemPackage

/// Sends one event to one webhook, once.
package struct WebhookSender: Sendable {
    /// Why it did not arrive, for people; without anything of the URL but its host.
    package struct Failure: Error, Sendable, Hashable {
        package let reason: String
    }

    private static let longestSecret = 64 << 10
    private let runner: ToolRunner

    package init(runner: ToolRunner = ToolRunner(outputLimit: 1 << 16)) {
        self.runner = runner
    }

    package func send(_ event: FleetEvent, to hook: WebhookDefinition) async throws {
        let message = try WebhookMessage(event, to: hook)
        let output = try await runner.runUnchecked(message.invocation(key: try key(hook)))
        guard output.status == .exited(0) else { throw Failure(reason: Self.words(output, hook)) }
        guard let status = Int(output.text), (200...299).contains(status) else {
            throw Failure(reason: "it answers with status \(output.text)")
        }
    }

    /// As the file has it; one line feed at its end is an editor's.
    private func key(_ hook: WebhookDefinition) throws -> [UInt8]? {
        guard let file = hook.secret else { return nil }
        do {
            let bytes = try Files.read(FilePath(file), limit: Self.longestSecret)
            let key = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
            guard !key.isEmpty else { throw Failure(reason: "its secret \(file) is empty") }
            return Array(key)
        } catch let error as SystemError {
            throw Failure(reason: "its secret cannot be read: \(error.action): \(error.errno)")
        }
    }

    /// curl's exit codes are those of curl(1), "EXIT CODES"; its own words may repeat the URL.
    private static func words(_ output: ToolOutput, _ hook: WebhookDefinition) -> String {
        switch output.status {
        case .exited(6): "there is no host of that name"
        case .exited(7): "nobody listens there"
        case .exited(28): "it does not answer in time"
        case .exited(35), .exited(60): "its certificate or TLS is not accepted"
        case .exited(52), .exited(56): "it ends the connection without an answer"
        default: "curl ends with \(output.status)"
        }
    }
}
