/// The keys of a fleet's rollout.
enum RolloutKeys {
    static let shape = Shape(
        "rollout",
        help: """
            How instances of a release are replaced by those of the next. `min_healthy` is shorter than \
            `healthy_deadline`, and that is shorter than `progress_deadline`.
            """,
        blank: RolloutDefinition(),
        fields: budget + times
    )

    private static let budget: [Field<RolloutDefinition>] = [
        .fixed(
            "strategy",
            .word("strategy", ["rolling"]),
            standard: "rolling",
            help: "`rolling` replaces a few instances at a time.",
            example: "rolling"
        ),
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
