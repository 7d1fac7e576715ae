import KilnDiagnostics
import SystemPackage

/// The keys of a step's secret.
enum StepSecretKeys {
    static let shape = Shape(
        "secret",
        help: """
            A value of the machine that bakes, for one step. It is mounted, read-only and for root alone, while the step \
            runs; its name counts for the cache, its value does not. It has 8 bytes or more, so that it can be told from \
            other text.
            """,
        blank: StepSecret(name: "", source: .variable("")),
        locate: { passage, secret, reading in secret.span = reading.lines.span(of: passage.node) },
        fields: [
            .required(
                "name",
                \.name,
                .secretName,
                help: "The step reads `/run/secrets/NAME`.",
                example: "token"
            ),
            .required(
                "from",
                \.source,
                .secretSource,
                help: "Where the value is: `env:VARIABLE` of the command, or `file:/PATH` on the machine.",
                example: "env:TOKEN"
            ),
        ]
    )
}

extension Syntax where Value == String {
    /// A name that becomes a file's.
    static var secretName: Syntax {
        .scalar(
            "secret name",
            expected: "a name such as token",
            schema: pattern(NameText.pattern),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let name: ImageName = try NameText.parse(text, "secret")
                return name.description
            }
        )
    }
}

extension Syntax where Value == StepSecret.Source {
    static var secretSource: Syntax {
        .scalar(
            "source of a secret",
            expected: "env:VARIABLE or file:/PATH",
            schema: pattern("^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$"),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                try StepSecret.Source(parsing: text)
            }
        )
    }
}

extension StepSecret.Source {
    init(parsing text: String) throws(ValueError) {
        let rest = text.drop { $0 != ":" }.dropFirst()
        switch text.prefix(while: { $0 != ":" }) {
        case "env" where Self.isVariable(rest): self = .variable(String(rest))
        case "file" where rest.utf8.first == 47: self = .file(FilePath(try ImagePath.parse(String(rest))))
        case "file":
            throw ValueError(
                "bad-secret",
                "\"\(text)\" names no file of the machine",
                hint: "an absolute path, outside of what is committed: file:/run/secrets/token"
            )
        default:
            throw ValueError(
                "bad-secret",
                "\"\(ShownText.line(text))\" is no source of a secret",
                hint: "env:VARIABLE or file:/PATH; the value itself never stands in a definition"
            )
        }
    }

    private static func isVariable(_ text: Substring) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
        return allowed && text.utf8.first.map { !(48...57).contains($0) } == true
    }
}
