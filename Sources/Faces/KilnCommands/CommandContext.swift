import ArgumentParser
import Glibc
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnSystem
import SystemPackage

/// What every command runs in: the environment, the streams, the home.
struct CommandContext: Sendable {
    @TaskLocal static var current = CommandContext(environment: [:])

    let environment: [String: String]
    let console: Console
    let interruption = Interruption()

    init(environment: [String: String]) {
        self.environment = environment
        console = Console(environment: environment)
    }

    /// With the machine's logins; registries of this machine are spoken to without TLS.
    func registry(plain: Set<String> = []) -> RegistryClient {
        RegistryClient(home: home, environment: environment, plain: plain)
    }

    /// Who runs the command: the login behind sudo, else this process's user, by its number where it has no name.
    var operatorName: String {
        if geteuid() == 0, let name = environment["SUDO_USER"], !name.isEmpty {
            return ShownText.line(name)
        }
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else {
            return "uid \(getuid())"
        }
        return String(cString: name)
    }

    var home: KilnHome { KilnHome(environment: environment, userID: geteuid()) }

    /// Shows progress as the format and the stream ask for, around the body.
    ///
    /// `narrates` shows every line that the work says: the events of a rollout, the output of tools and steps.
    func withProgress<Result>(
        _ format: OutputFormat,
        narrates: Bool = false,
        _ body: () async throws -> Result
    ) async throws -> Result {
        if format == .json {
            console.speakJSON()
            return try await Progress.$receiver.withValue(JSONProgress(console: console), operation: body)
        }
        guard console.messages.isTerminal else {
            let plain = PlainProgress(console: console, narrates: narrates)
            return try await Progress.$receiver.withValue(plain, operation: body)
        }
        let live = LiveProgress(console: console, narrates: narrates)
        async let _ = live.draw()
        return try await Progress.$receiver.withValue(live, operation: body)
    }

    /// Writes a result as JSON, for `--format json`.
    func resultJSON(_ value: some Encodable) throws {
        console.result(String(decoding: try CanonicalJSON.encodePretty(value), as: UTF8.self))
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text
    case json
}

struct FormatOption: ParsableArguments {
    @Option(help: "How results are written: text or json.")
    var format = OutputFormat.text
}
