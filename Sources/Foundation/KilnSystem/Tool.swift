import Glibc
package import KilnDiagnostics
import Subprocess
package import SystemPackage

/// A command as data: what to run, not the running of it.
package struct ToolInvocation: Sendable, Hashable {
    /// A path, or a name looked up in `PATH` and, unless the invocation sets or clears that, where only root's looks.
    package var executable: String
    package var arguments: [String]
    /// Added to (or replacing) the inherited variables; nil removes one.
    package var environment: [String: String?]
    /// Start from an empty environment instead of the inherited one.
    package var clearsEnvironment: Bool
    package var input: [UInt8]?
    package var workingDirectory: FilePath?

    package init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String?] = [:],
        clearsEnvironment: Bool = false,
        input: [UInt8]? = nil,
        workingDirectory: FilePath? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.clearsEnvironment = clearsEnvironment
        self.input = input
        self.workingDirectory = workingDirectory
    }

    /// The command as it can be pasted into a shell.
    package var commandLine: String {
        let variables = environment.compactMap { name, value in value.map { "\(name)=\(Self.quote($0))" } }
            .sorted()
        return (variables + ([executable] + arguments).map(Self.quote)).joined(separator: " ")
    }

    private static func quote(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "@%+=:,./-_".utf8.contains(byte)
        }
        return plain && !word.isEmpty
            ? word
            : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
                + "'"
    }
}

package struct ToolOutput: Sendable {
    package let status: ToolStatus
    package let standardOutput: [UInt8]
    package let standardError: [UInt8]

    package var text: String { String(decoding: standardOutput, as: UTF8.self) }
    package var errorText: String { String(decoding: standardError, as: UTF8.self) }
}

package enum ToolStatus: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "killed by signal \(signal)"
        }
    }
}

/// A tool that is missing or that failed.
package struct ToolError: DiagnosticError {
    package enum Reason: Sendable {
        case notFound
        case cannotStart(String)
        case failed(ToolStatus, output: String)
        /// It said more than this many bytes, and was ended for it.
        case outputTooLong(limit: Int)
    }

    package let invocation: ToolInvocation
    package let reason: Reason

    package init(invocation: ToolInvocation, reason: Reason) {
        self.invocation = invocation
        self.reason = reason
    }

    package var diagnostics: [Diagnostic] {
        switch reason {
        case .notFound:
            [
                Diagnostic(
                    code: "tool.missing",
                    "\(invocation.executable) is not installed",
                    hint: "kiln doctor says which package brings it"
                )
            ]
        case .cannotStart(let why):
            [Diagnostic(code: "tool.start", "cannot run \(invocation.executable)", causes: [why])]
        case .failed(let status, let output):
            [
                Diagnostic(
                    code: "tool.failed",
                    "\(invocation.executable) failed: \(status)",
                    causes: output.isEmpty ? [] : [Self.lastLines(of: output)],
                    hint: commandHint
                )
            ]
        case .outputTooLong(let limit):
            [
                Diagnostic(
                    code: "tool.output",
                    "\(invocation.executable) was ended: its output is longer than \(limit) bytes",
                    hint: commandHint
                )
            ]
        }
    }

    private var commandHint: String { "the command was: \(invocation.commandLine)" }

    /// What a person reads first: the end of a tool's complaint.
    package static func lastLines(of text: String, count: Int = 12) -> String {
        text.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}

/// Runs tools. They get a process group of their own, so that Ctrl-C reaches Kiln alone, which then decides; when
/// the surrounding task is cancelled they and what they started are asked to end, and killed five seconds later. A tool
/// that did not end well by then gives `CancellationError`, whatever it says.
package struct ToolRunner: Sendable {
    /// Most bytes that are kept of a tool's output.
    private let outputLimit: Int

    package init(outputLimit: Int = 64 << 20) {
        self.outputLimit = outputLimit
    }

    /// Runs to the end and throws `ToolError` unless it exits with 0.
    @discardableResult
    package func run(_ invocation: ToolInvocation) async throws -> ToolOutput {
        let output = try await runUnchecked(invocation)
        guard output.status == .exited(0) else {
            let said = output.standardError.isEmpty ? output.text : output.errorText
            throw ToolError(invocation: invocation, reason: .failed(output.status, output: said))
        }
        return output
    }

    /// Runs to the end, whatever the status.
    package func runUnchecked(_ invocation: ToolInvocation) async throws -> ToolOutput {
        do {
            let result = try await Subprocess.run(
                try configuration(invocation),
                input: .array(invocation.input ?? []),
                output: .bytes(limit: outputLimit),
                error: .bytes(limit: outputLimit)
            )
            return ToolOutput(
                status: try status(result.terminationStatus),
                standardOutput: result.standardOutput,
                standardError: result.standardError
            )
        } catch let error as SubprocessError {
            throw startError(error, invocation)
        }
    }

    /// Runs to the end, handing over each line of its output (both streams merged) as it comes; a line past
    /// `LineSplitter.longest` comes in pieces.
    package func stream(
        _ invocation: ToolInvocation,
        _ line: (String) async throws -> Void
    ) async throws -> ToolStatus {
        do {
            let result = try await Subprocess.run(
                try configuration(invocation),
                input: .array(invocation.input ?? []),
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                var splitter = LineSplitter()
                for try await buffer in execution.standardOutput {
                    let bytes = buffer.withUnsafeBytes { Array($0) }
                    for text in splitter.split(bytes) { try await line(text) }
                }
                if let text = splitter.rest() { try await line(text) }
            }
            return try status(result.terminationStatus)
        } catch let error as SubprocessError {
            throw startError(error, invocation)
        }
    }

    /// Runs to the end with its output going into a descriptor, which is closed whatever happens; throws unless it
    /// exits with 0.
    package func run(_ invocation: ToolInvocation, writingTo descriptor: FileDescriptor) async throws {
        // Whoever reads the other end waits for this, also where no tool was started.
        defer { try? descriptor.close() }
        do {
            let result = try await Subprocess.run(
                try configuration(invocation),
                input: .none,
                output: .fileDescriptor(descriptor, closeAfterSpawningProcess: false),
                error: .bytes(limit: outputLimit)
            )
            let status = try status(result.terminationStatus)
            guard status == .exited(0) else {
                let said = String(decoding: result.standardError, as: UTF8.self)
                throw ToolError(invocation: invocation, reason: .failed(status, output: said))
            }
        } catch let error as SubprocessError {
            throw startError(error, invocation)
        }
    }

    /// Starts a tool that detaches and goes on (a daemon): its output goes to `log`, so that no pipe ties it to us.
    package func runDetaching(_ invocation: ToolInvocation, log: FilePath) async throws {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                log,
                .writeOnly,
                options: [.create, .append, .closeOnExec],
                permissions: .ownerReadWrite
            )
        } catch let errno as Errno {
            throw SystemError("open \(log)", errno)
        }
        defer { try? descriptor.close() }
        do {
            let result = try await Subprocess.run(
                try configuration(invocation),
                input: .none,
                output: .fileDescriptor(descriptor, closeAfterSpawningProcess: false),
                error: .fileDescriptor(descriptor, closeAfterSpawningProcess: false)
            )
            let status = try status(result.terminationStatus)
            guard status == .exited(0) else {
                let said = (try? Files.readText(log)) ?? ""
                throw ToolError(invocation: invocation, reason: .failed(status, output: said))
            }
        } catch let error as SubprocessError {
            throw startError(error, invocation)
        }
    }

    /// Looked up here, since the library tries each folder of `PATH` by starting a process.
    private func location(of invocation: ToolInvocation) throws(ToolError) -> FilePath {
        guard !invocation.executable.contains("/") else { return FilePath(invocation.executable) }
        let file: FilePath? =
            if let path = invocation.environment["PATH"] {
                ExecutableSearch.find(invocation.executable, in: path ?? "")
            } else if invocation.clearsEnvironment { nil } else {
                ExecutableSearch.find(invocation.executable)
            }
        guard let file else { throw ToolError(invocation: invocation, reason: .notFound) }
        return file
    }

    private func configuration(_ written: ToolInvocation) throws(ToolError) -> Configuration {
        let surroundings = ToolSurroundings.current
        var written = written
        if surroundings.cpu != nil {
            // What starts it there looks in `PATH` alone.
            let environment = ToolSurroundings(environment: surroundings.environment)
            written.executable = try location(of: environment.applied(to: written)).string
        }
        let invocation = surroundings.applied(to: written)
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(5))
        ]
        let changes = Dictionary(
            uniqueKeysWithValues: invocation.environment.map { (Environment.Key(stringLiteral: $0), $1) }
        )
        return Configuration(
            executable: .path(try location(of: invocation)),
            arguments: Arguments(invocation.arguments),
            environment: invocation.clearsEnvironment
                ? .custom(changes.compactMapValues { $0 }) : .inherit.updating(changes),
            workingDirectory: invocation.workingDirectory,
            platformOptions: options
        )
    }

    private func startError(_ error: SubprocessError, _ invocation: ToolInvocation) -> any Error {
        if Task.isCancelled { return CancellationError() }
        if error.code == .executableNotFound { return ToolError(invocation: invocation, reason: .notFound) }
        if error.code == .outputLimitExceeded {
            return ToolError(invocation: invocation, reason: .outputTooLong(limit: outputLimit))
        }
        return ToolError(invocation: invocation, reason: .cannotStart(String(describing: error)))
    }

    /// A tool that was ended because nobody waits for it any more did not fail.
    private func status(_ status: TerminationStatus) throws -> ToolStatus {
        let status = ToolStatus(status)
        if status != .exited(0), Task.isCancelled { throw CancellationError() }
        return status
    }
}

extension ToolStatus {
    fileprivate init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let signal): self = .signalled(signal)
        }
    }
}
