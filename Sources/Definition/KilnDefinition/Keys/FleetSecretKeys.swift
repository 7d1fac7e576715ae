import KilnDiagnostics
import SystemPackage

/// The keys of a fleet's secret.
enum FleetSecretKeys {
    static let shape = Shape(
        "fleet secret",
        help: """
            A value of this machine that instances read from a file in memory, for their user alone. It is read when an \
            instance starts, and kept by nothing: no release, no log, no event has it. `kiln recycle` rotates it.
            """,
        blank: FleetSecret(name: "", file: ""),
        locate: { passage, secret, reading in secret.span = reading.lines.span(of: passage.node) },
        fields: [
            .required("name", \.name, .secretName, help: "Its name.", example: "db-password"),
            .required(
                "from",
                \.file,
                .secretFile,
                help: "Where the value is: `file:/PATH` on the machine that runs the fleet.",
                example: "file:/etc/keys/db-password"
            ),
            .optional(
                "target",
                \.target,
                .imagePath,
                help: "The file that instances read; `/run/secrets/NAME` without it.",
                example: "/run/secrets/db-password"
            ),
        ]
    )
}

extension Syntax where Value == FilePath {
    /// Not a variable: instances are started by later commands too, which do not have it.
    static var secretFile: Syntax {
        .scalar(
            "source of a secret",
            expected: "file:/PATH",
            schema: pattern("^file:/.+$"),
            shown: { .string("file:\($0)") },
            parse: SecretFile.parse
        )
    }
}

enum SecretFile {
    /// Not a variable: whoever reads it later does not have it.
    static func parse(_ text: String) throws(ValueError) -> FilePath {
        guard text.hasPrefix("file:") || text.hasPrefix("env:") else {
            throw ValueError(
                "bad-secret",
                "\"\(ShownText.line(text))\" is no source of a secret",
                hint: "file:/PATH; the value itself never stands in a definition"
            )
        }
        switch try StepSecret.Source(parsing: text) {
        case .file(let path): return path
        case .variable:
            throw ValueError(
                "bad-secret",
                "\"\(ShownText.line(text))\" is a variable of one command",
                hint: "instances are started by later commands too: file:/PATH"
            )
        }
    }
}
