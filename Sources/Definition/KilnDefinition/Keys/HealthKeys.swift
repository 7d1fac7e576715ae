import KilnDiagnostics

extension Syntax where Value == PortReference {
    static var portReference: Syntax {
        .scalar(
            "port",
            expected: "a port's name or number",
            schema: [
                "type": ["string", "integer"], "pattern": .string("^[1-9][0-9]{0,4}$|\(NameText.pattern)"),
                "minimum": 1,
                "maximum": 65535,
            ],
            shown: { reference in
                switch reference {
                case .name(let name): .string(name.description)
                case .number(let number): .integer(Int64(number))
                }
            },
            parse: { text throws(ValueError) in
                guard let first = text.utf8.first, (48...57).contains(first) else {
                    return .name(try NameText.parse(text, "port"))
                }
                return .number(try WholeNumber.parse(text, "bad-number", "port number", in: 1...65535))
            }
        )
    }
}

/// The keys of an image's health.
enum HealthKeys {
    static let shape = Shape(
        "health",
        help: "How an instance is asked whether it is well, and how often.",
        blank: HealthDraft(),
        rules: [.exactlyOne(["http", "tcp", "command"])],
        fields: [
            .optional(
                "http",
                \.http,
                .object(http),
                help: "Asked over HTTP.",
                example: "{port: http, path: /healthz}"
            ),
            .optional(
                "tcp",
                \.tcp,
                .object(tcp),
                help: "Asked by opening a connection.",
                example: "{port: http}"
            ),
            .optional(
                "command",
                \.command,
                .list(of: .text("argument"), named: "arguments", atLeast: 1),
                help: "Asked by a command inside the instance; status 0 is well.",
                example: "[/opt/shop/is-well]"
            ),
            .standard(
                "interval",
                \.timing.interval,
                .positiveDuration,
                help: "The time between two questions.",
                example: "1s"
            ),
            .standard(
                "timeout",
                \.timing.timeout,
                .positiveDuration,
                help: "How long an answer may take.",
                example: "2s"
            ),
            .standard(
                "healthy",
                \.timing.healthy,
                .number("number of answers", in: 1...100),
                help: "Good answers in a row that make an instance healthy.",
                example: "2"
            ),
            .standard(
                "unhealthy",
                \.timing.unhealthy,
                .number("number of answers", in: 1...100),
                help: "Bad answers in a row that make it unhealthy.",
                example: "3"
            ),
        ]
    )

    private static let http = Shape(
        "http health",
        help: "A GET request; any status from 200 to 399 is well.",
        blank: HealthDraft.HTTP(),
        fields: [
            .required(
                "port",
                \.port,
                .portReference,
                help: "A name of the image's `ports`, or a number.",
                example: "http"
            ),
            .standard("path", \.path, .requestPath, help: "The path of the request.", example: "/healthz"),
        ]
    )

    private static let tcp = Shape(
        "tcp health",
        help: "A connection that opens is well.",
        blank: HealthDraft.TCP(),
        fields: [
            .required(
                "port",
                \.port,
                .portReference,
                help: "A name of the image's `ports`, or a number.",
                example: "http"
            )
        ]
    )
}
