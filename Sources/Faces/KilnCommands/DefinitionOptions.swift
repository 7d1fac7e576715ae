import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnLock
import KilnSystem
import OrderedCollections
import SystemPackage

/// Which definition a command reads; its lock stands beside it.
struct DefinitionOptions: ParsableArguments {
    @Option(
        name: [.customLong("definition"), .customShort("f")],
        help: "The definition; its lock stands beside it."
    )
    var file = "kiln.yaml"

    @Option(
        name: [.customLong("environment"), .customShort("e")],
        help: "Whose values fleets get ($KILN_ENVIRONMENT without it); images and lock are the same in all."
    )
    var environment: EnvironmentName?

    var path: FilePath { FilePath(file) }

    /// Which definition fleets belong to, wherever the command runs.
    var origin: FleetOrigin { FleetOrigin(path: path.resolved.string) }

    /// `kiln.lock` beside `kiln.yaml`, `x.lock` beside `x.yaml`.
    var lockPath: FilePath {
        var path = path
        path.extension = "lock"
        return path
    }

    /// The environment named on the command line, else by the variable; nil is for none.
    var chosenEnvironment: EnvironmentName? {
        get throws {
            if let environment { return environment }
            let variable = CommandContext.current.environment["KILN_ENVIRONMENT"] ?? ""
            guard !variable.isEmpty else { return nil }
            guard let name = try? EnvironmentName(parsing: variable) else {
                throw DiagnosticFailure(
                    Diagnostic(
                        code: "usage.environment",
                        "KILN_ENVIRONMENT is \"\(variable)\", which is no name of an environment",
                        hint: "lower-case letters, digits and -, such as prod",
                        exitStatus: .usage
                    )
                )
            }
            return name
        }
    }

    func definition() throws -> Definition {
        try definition(for: chosenEnvironment)
    }

    func definition(for environment: EnvironmentName?) throws -> Definition {
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
        return try DefinitionReader.read(file: path, environment: environment)
    }

    /// Refuses names that are no image of the definition.
    func check(_ images: [ImageName], in definition: Definition) throws {
        let known = Set(definition.images.keys).union(definition.perPlatform.images.keys)
        guard let unknown = images.first(where: { !known.contains($0) }) else { return }
        let names = known.sorted().map(\.description)
        throw DiagnosticFailure(
            Diagnostic(
                code: "definition.unknown-image",
                "\(file) has no image \"\(unknown)\"",
                hint: Spelling.hint(for: unknown.description, in: names),
                exitStatus: .usage
            )
        )
    }
}
