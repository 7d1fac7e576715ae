import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnSystem
import SystemPackage

/// Which definition a command reads; its lock stands beside it.
struct DefinitionOptions: ParsableArguments {
    @Option(
        name: [.customLong("definition"), .customShort("f")],
        help: "The definition; its lock stands beside it."
    )
    var file = "kiln.yaml"

    var path: FilePath { FilePath(file) }

    /// `kiln.lock` beside `kiln.yaml`, `x.lock` beside `x.yaml`.
    var lockPath: FilePath {
        var path = path
        path.extension = "lock"
        return path
    }

    func definition() throws -> Definition {
        guard Files.exists(path) else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "definition.missing",
                    "there is no definition at \(file)",
                    hint: "kiln init writes one; -f names another file",
                    exitStatus: .usage
                )
            )
        }
        return try DefinitionReader.read(file: path)
    }
}
