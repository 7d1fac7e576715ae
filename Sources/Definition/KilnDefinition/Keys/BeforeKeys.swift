/// The keys of one-shot work before a rollout.
enum BeforeKeys {
    static let shape = Shape(
        "command before",
        help: """
            A command that runs once for each release, before the first of its instances: with the release's image, configuration and \
            secrets, on the fleet's network, and in none of its instances. When it fails, the rollout does not begin.
            """,
        blank: BeforeDefinition(run: []),
        fields: [
            .required(
                "run",
                \.run,
                .list(of: .text("argument"), named: "arguments", atLeast: 1),
                help: "The command.",
                example: "[/opt/shop/migrate, --all]"
            ),
            .standard(
                "reversible",
                \.reversible,
                .flag,
                help: """
                    Whether the stable release goes on working after it, and it may be run again. After one that is not, a \
                    failing release is left as it is instead of being rolled back, and one whose end nobody saw is not run \
                    again unasked.
                    """,
                example: "false"
            ),
            .standard(
                "timeout",
                \.timeout,
                .positiveDuration,
                help: "How long it may take.",
                example: "5m"
            ),
        ]
    )
}
