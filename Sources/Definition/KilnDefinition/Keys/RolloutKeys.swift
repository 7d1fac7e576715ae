/// The keys of a fleet's rollout.
enum RolloutKeys {
    static let shape = Shape(
        "rollout",
        help: """
            How instances of a release are replaced by those of the next. `min_healthy` is shorter than \
            `healthy_deadline`, and that is shorter than `progress_deadline`.
            """,
        blank: RolloutDefinition(),
        fields: strategy + budget + times
    )

    private static let strategy: [Field<RolloutDefinition>] = [
        .standard(
            "strategy",
            \.strategy,
            .choice("strategy"),
            help: """
                `rolling` replaces a few instances at a time. `blue-green` starts a whole new set, gives it all requests at \
                once, and keeps the old set warm until the new release is stable. `canary` gives it a growing share of the \
                requests, step by step.
                """,
            example: "canary"
        ),
        .standard(
            "steps",
            \.steps,
            .list(of: .object(step), named: "steps"),
            help: "What comes before a canary takes over, each with a greater weight than the one before.",
            example: "[{weight: 10, pause: 5m}, {weight: 50, pause: manual}]"
        ),
        .standard(
            "promote",
            \.promote,
            .choice("promotion"),
            help:
                "Whether a blue-green rollout or a canary takes over by itself, or waits for `kiln promote`.",
            example: "manual"
        ),
        .standard(
            "keep_warm",
            \.keepWarm,
            .amount,
            help: """
                Instances of the old release that stay, without requests, until the new one is stable: room of its own, beside \
                `surge`. A failed release is left for them at once. A blue-green rollout keeps all.
                """,
            example: "1"
        ),
    ]

    private static let step = Shape(
        "rollout step",
        help: "A step of a canary.",
        blank: RolloutDefinition.Step(weight: 1),
        fields: [
            .required(
                "weight",
                \.weight,
                .number("weight", in: 1...100),
                help: "Of a hundred requests, those that the new release gets.",
                example: "10"
            ),
            .standard(
                "pause",
                \.pause,
                .pause,
                help: "How long the step is watched before the next; `manual` waits for `kiln promote`.",
                example: "5m"
            ),
            .standard(
                "analyze",
                \.analysis,
                .flag(or: AnalysisKeys.shape, standing: AnalysisDefinition()),
                help:
                    "Whether the new release must do as well as the stable one; `true`, or what that means.",
                example: "true"
            ),
        ]
    )

    private static let budget: [Field<RolloutDefinition>] = [
        .standard(
            "surge",
            \.surge,
            .amount,
            help:
                "Instances above the wanted number meanwhile; a share rounds up. None with an exclusive volume.",
            example: "1"
        ),
        .standard(
            "unavailable",
            \.unavailable,
            .amount,
            help:
                "Instances that may be missing meanwhile; a share rounds down. One with an exclusive volume.",
            example: "0"
        ),
    ]

    private static let times: [Field<RolloutDefinition>] = [
        .standard(
            "min_healthy",
            \.minHealthy,
            .duration,
            help: "How long an instance must be healthy before it counts as available.",
            example: "10s"
        ),
        .standard(
            "healthy_deadline",
            \.healthyDeadline,
            .positiveDuration,
            help: "How long an instance may take to become available.",
            example: "5m"
        ),
        .standard(
            "progress_deadline",
            \.progressDeadline,
            .positiveDuration,
            help: "How long the rollout may stand still.",
            example: "10m"
        ),
        .standard(
            "drain",
            \.drain,
            .duration,
            help: "How long requests under way may take once an instance gets no new ones.",
            example: "30s"
        ),
        .standard(
            "bake",
            \.bake,
            .duration,
            help: "How long the new release is watched before it counts as stable.",
            example: "1m"
        ),
        .standard(
            "on_failure",
            \.onFailure,
            .choice("answer to a failure"),
            help: "`rollback` to the last stable release, or `freeze` as it is and wait for a person.",
            example: "rollback"
        ),
    ]
}
