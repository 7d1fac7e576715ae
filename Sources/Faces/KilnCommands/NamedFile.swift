import ArgumentParser
import Glibc
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Where a user wants a result kept besides what the command says.
struct NamedFile: ExpressibleByArgument {
    private let path: FilePath

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        path = FilePath(argument)
    }

    /// For before the work, whose result would be lost. Nothing is made or changed.
    func check() throws {
        guard let facts = Files.facts(path, followingSymlinks: true) else {
            let folder = path.removingLastComponent()
            let parent = folder.isEmpty ? "." : folder
            guard Files.facts(parent, followingSymlinks: true)?.kind == .directory else {
                throw refusal("there is no folder \(parent)", hint: "make it first: mkdir -p \(parent)")
            }
            guard access(parent.string, W_OK) == 0 else { throw SystemError.last("write \(path)") }
            return
        }
        guard facts.kind != .directory else {
            throw refusal("it is a folder", hint: "name a file in it: \(path.appending("report"))")
        }
        guard access(path.string, W_OK) == 0 else { throw SystemError.last("write \(path)") }
    }

    func write(_ text: String) throws {
        try Files.write(text.utf8, toNamed: path)
    }

    private func refusal(_ cause: String, hint: String) -> DiagnosticFailure {
        DiagnosticFailure(
            Diagnostic(
                code: "command.output",
                "cannot write \(path)",
                causes: [cause],
                hint: hint,
                exitStatus: .usage
            )
        )
    }
}
