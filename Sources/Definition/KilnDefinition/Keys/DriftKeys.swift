/// The keys of `drift`.
enum DriftKeys {
    static let shape = Shape(
        "drift",
        help: "What becomes of instances that are not their release any more.",
        blank: DriftDefinition(),
        fields: [
            .standard(
                "respond",
                \.respond,
                .choice("answer to drift"),
                help: """
                    `replace` the instance; `quarantine` it: out of traffic, cut off from the network and frozen, for a \
                    person to look at; or `alert` and leave it. More than half of a fleet at once is only told in any case.
                    """,
                example: "quarantine"
            ),
            .standard(
                "keep",
                \.keep,
                .positiveDuration,
                help: "How long an instance in quarantine is kept before it is destroyed.",
                example: "1h"
            ),
            .standard(
                "allow",
                \.allow,
                .list(of: .object(allowance), named: "entries"),
                help: "Differences in writable roots that are let pass for a time.",
                example: """
                    [{path: /var/cache/shop/**, reason: rebuilt from the database, expires: "2026-12-31"}]
                    """
            ),
            .optional(
                "learn_until",
                \.learnUntil,
                .day,
                help: """
                    The last day on which differences in writable roots are learned and not acted upon: `kiln drift \
                    --learned` writes them down as `allow`.
                    """,
                example: "\"2026-12-31\""
            ),
        ]
    )

    private static let allowance = Shape(
        "allowance",
        help: "A difference that is let pass for a time, with a reason that others can judge.",
        blank: DriftDefinition.Allowance(path: .none, reason: "", expires: ""),
        fields: [
            .required(
                "path",
                \.path,
                .pathPattern,
                help: """
                    The file, or a pattern: `*` stands for any text in a name, `**` for any names below a folder. A program that \
                    lies there may be run.
                    """,
                example: "/var/cache/shop/**"
            ),
            .required(
                "reason",
                \.reason,
                .text("reason"),
                help: "Why it may differ.",
                example: "rebuilt from the database"
            ),
            .required(
                "expires",
                \.expires,
                .day,
                help: "The last day on which it may.",
                example: "\"2026-12-31\""
            ),
        ]
    )
}

extension PathPattern {
    /// Matches nothing that is in a root.
    fileprivate static let none = PathPattern(trusted: "/")
}
