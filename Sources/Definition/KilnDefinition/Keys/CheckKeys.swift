/// The keys of a check.
enum CheckKeys {
    static let shape = Shape(
        "check",
        help: """
            Something that must be so before a release is made of an image: `kiln test` starts the image as an instance \
            would be started, waits for its health, and asks. Checks are no part of the image: other checks make no other \
            image.
            """,
        blank: CheckDraft(),
        rules: [
            .exactlyOne(["run", "http", "tcp", "file"]), .needs("status", "run"), .needs("contains", "run"),
        ],
        locate: { passage, check, reading in
            check.span = reading.lines.span(of: passage.node)
            check.path = passage.path
        },
        fields: [
            .optional(
                "http",
                \.http,
                .object(http),
                help: "Asks over HTTP.",
                example: "{path: /healthz, status: 200}"
            ),
            .optional(
                "tcp",
                \.tcp,
                .object(tcp),
                help: "Opens a connection.",
                example: "{port: http}"
            ),
            .optional(
                "run",
                \.run,
                .list(of: .text("argument"), named: "arguments", atLeast: 1),
                help: """
                    Runs a command inside, as the image's user: beside its program, or alone where the image has no \
                    `entrypoint`.
                    """,
                example: "[java, -version]"
            ),
            .optional(
                "file",
                \.file,
                .object(file),
                help: "Looks at a path of the image's root.",
                example: "{path: /etc/shop.conf}"
            ),
            .standard(
                "status",
                \.status,
                .number("exit status", in: 0...255),
                help: "What the command of `run` must end with.",
                example: "0"
            ),
            .optional(
                "contains",
                \.contains,
                .text("text"),
                help: "What the output of `run` must hold.",
                example: "\"17.\""
            ),
            .standard(
                "timeout",
                \.timeout,
                .positiveDuration,
                help: "How long the answer may take.",
                example: "10s"
            ),
        ]
    )

    private static let http = Shape(
        "http check",
        help: "A GET request.",
        blank: CheckDraft.HTTP(),
        fields: [
            .optional("port", \.port, .portReference, help: portHelp, example: "http"),
            .standard("path", \.path, .requestPath, help: "The path of the request.", example: "/healthz"),
            .standard(
                "status",
                \.status,
                .number("HTTP status", in: 100...599),
                help: "The status that must come back; redirections are not followed.",
                example: "200"
            ),
            .optional(
                "contains",
                \.contains,
                .text("text"),
                help: "What the body must hold, within its first MiB.",
                example: "ready"
            ),
        ]
    )

    private static let tcp = Shape(
        "tcp check",
        help: "A connection that must open.",
        blank: CheckDraft.TCP(),
        fields: [.optional("port", \.port, .portReference, help: portHelp, example: "http")]
    )

    private static let file = Shape(
        "file check",
        help: "What must be at a path of the image's root.",
        blank: CheckDraft.File(),
        fields: [
            .required(
                "path",
                \.path,
                .imagePath,
                help: "The path; links are followed.",
                example: "/etc/shop.conf"
            ),
            .standard("exists", \.exists, .flag, help: "Whether something must be there.", example: "true"),
            .optional("mode", \.mode, .mode, help: "The permission bits it must have.", example: "\"0644\""),
        ]
    )

    private static let portHelp =
        "A name of the image's `ports`, or a number; `http`, or the only one, without it."
}
