import Glibc
package import KilnDiagnostics
package import KilnSystem
import SystemPackage

/// Lets one controller at a time keep a home's fleets.
package struct ControllerLock: Sendable {
    private let file: FilePath

    package init(_ home: KilnHome) {
        file = home.runtime.appending("serve.lock")
    }

    /// The process that keeps the home's fleets; nil when none does.
    package var holder: Int32? {
        guard FileLock.isHeld(file) else { return nil }
        return (try? Files.readText(file)).flatMap { Int32($0.prefix { $0.isNumber }) }
    }

    /// Runs the body as the home's controller; throws `ControllerBusy` where there is one already.
    package func hold<Result>(_ body: () async throws -> Result) async throws -> Result {
        let done = try await FileLock.tryWith(file) { () -> Result in
            try note()
            return try await body()
        }
        if let done { return done }
        throw ControllerBusy(process: holder)
    }

    /// Who has it. In place: another file would have another lock.
    private func note() throws {
        let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.truncate, .closeOnExec])
        defer { try? descriptor.close() }
        _ = try descriptor.writeAll(Array("\(getpid())\n".utf8))
    }
}

/// Another process keeps the fleets of this home.
package struct ControllerBusy: DiagnosticError, Hashable {
    /// nil where it has just gone.
    package let process: Int32?

    package var diagnostics: [Diagnostic] {
        let who = process.map { "process \($0)" } ?? "another process"
        return [
            Diagnostic(
                code: "serve.busy",
                "\(who) keeps the fleets of this home already",
                hint: "one is enough; stop that one first, with systemctl stop kiln or Ctrl-C"
            )
        ]
    }
}
