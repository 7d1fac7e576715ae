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
        blank: FleetSecret(name: "", source: .file("")),
        locate: { passage, secret, reading in secret.span = reading.lines.span(of: passage.node) },
        fields: [
            .required("name", \.name, .secretName, help: "Its name.", example: "db-password"),
            .required(
                "from",
                \.source,
                .fleetSecret,
                help: """
                    Where the value is on the machine that runs the fleet: `config:PATH/KEY` in Kiln's own encrypted store, put \
                    there by `kiln config set --secret PATH KEY`, or `file:/PATH`.
                    """,
                example: "config:shop/db-password"
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

extension Syntax where Value == FleetSecret.Source {
    /// Not a variable: instances are started by later commands too, which do not have it.
    static var fleetSecret: Syntax {
        .scalar(
            "source of a secret",
            expected: "config:PATH/KEY or file:/PATH",
            schema: pattern("^(file:/.+|config:.+/.+)$"),
            shown: { .string($0.description) },
            parse: { text throws(ValueError) in
                guard text.hasPrefix("config:") else { return .file(try SecretFile.parse(text)) }
                return try SecretKey.parse(text)
            }
        )
    }
}

/// A secret of Kiln's own store: the path first, the key after the last `/`.
enum SecretKey {
    static func parse(_ text: String) throws(ValueError) -> FleetSecret.Source {
        let place = text.dropFirst("config:".count)
        guard let slash = place.lastIndex(of: "/") else {
            throw ValueError(
                "bad-secret",
                "\"\(ShownText.line(text))\" names no key of the configuration store",
                hint: "config:PATH/KEY, such as config:shop/db-password"
            )
        }
        return .config(
            path: try ConfigName.path(String(place[..<slash])),
            key: try ConfigName.key(String(place[place.index(after: slash)...]))
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
