/// The keys of a gate.
enum GateKeys {
    static let shape = Shape(
        "gate",
        help: """
            What must hold before a release is made of an image, judged once, when it is made: what becomes known later blocks no \
            rollback and no replacement. A refusal ends with exit status 3, the rule and what to do about it; `--override --why TEXT` \
            is the way past it, and stays with the release. `kiln db update` gets what vulnerabilities are judged by.
            """,
        blank: GateDefinition(),
        fields: vulnerabilities + others
    )

    private static let vulnerabilities: [Field<GateDefinition>] = [
        .optional(
            "severity",
            \.severity,
            .choice("severity"),
            help: "From which severity on a vulnerability refuses. Without it severities do not count.",
            example: "high"
        ),
        .standard(
            "unfixed",
            \.unfixed,
            .choice("answer"),
            help: "What becomes of vulnerabilities that no version mends yet.",
            example: "ignore"
        ),
        .standard(
            "exploited",
            \.exploited,
            .choice("answer"),
            help:
                "What becomes of vulnerabilities that are known to be exploited, whatever their severity, mended or not.",
            example: "refuse"
        ),
        .standard(
            "unsupported",
            \.unsupported,
            .choice("answer"),
            help: "What becomes of a distribution, or a package of it, that gets no security fixes any more.",
            example: "refuse"
        ),
        .standard(
            "unread",
            \.unread,
            .choice("answer"),
            help:
                "What becomes of package databases and archives in the image that cannot be read whole: nobody knows what is in them.",
            example: "refuse"
        ),
        .standard(
            "unjudged",
            \.unjudged,
            .choice("answer"),
            help: """
                What becomes of packages of which the database of advisories can say nothing: of a distribution or a language that it \
                does not know, or with a version that cannot be read. Counts where vulnerabilities do.
                """,
            example: "refuse"
        ),
        .optional(
            "database_age",
            \.databaseAge,
            .days,
            help: "How old the database of advisories may be.",
            example: "7d"
        ),
        .standard(
            "ignore",
            \.ignored,
            .list(of: .object(IgnoreKeys.shape), named: "entries"),
            help: "What is let pass for a time: it stays in every report, with its reason.",
            example: "[{id: CVE-2024-0001, reason: not reachable, expires: \"2026-12-31\"}]"
        ),
    ]

    private static let others: [Field<GateDefinition>] = [
        .standard(
            "secrets",
            \.secrets,
            .choice("answer"),
            help: "What becomes of secrets in the image's files and variables: keys, tokens, passwords.",
            example: "refuse"
        ),
        .standard(
            "licences",
            \.licences,
            .object(licences),
            help: "Which licences the image's packages may not have.",
            example: "{deny: [AGPL-*]}"
        ),
        .optional(
            "base_age",
            \.baseAge,
            .days,
            help: "How long ago the newest package of the image at the bottom may have been made.",
            example: "90d"
        ),
        .optional(
            "checks",
            \.checks,
            .choice("answer"),
            help: "What becomes of an image that has no `checks`. Checks that it has must pass in any case.",
            example: "refuse"
        ),
        .standard(
            "verified",
            \.verified,
            .flag,
            help: "Whether every layer must be known to come out the same again (`kiln image verify`).",
            example: "true"
        ),
        .standard(
            "signature",
            \.signature,
            .list(of: .name("signer"), named: "signers", isUnique: true),
            help: """
                Who must have signed the image, by their names in `trust`: each of them. Unlike a fleet's `signed_by` it is kept in \
                the verdict, and `--override --why TEXT` leads past it.
                """,
            example: "[shop-ci]"
        ),
    ]

    private static let licences = Shape(
        "licences",
        help: "Which licences the image's packages may not have.",
        blank: LicenceRules(),
        fields: [
            .standard(
                "deny",
                \.denied,
                .list(of: .text("licence"), named: "licences", isUnique: true),
                help: "Names as packages and SPDX have them, in any case; `*` stands for any text.",
                example: "[AGPL-*, SSPL-1.0]"
            ),
            .standard(
                "unknown",
                \.unknown,
                .choice("answer"),
                help: "What becomes of packages that name no licence.",
                example: "refuse"
            ),
        ]
    )
}

/// The keys of an entry that lets a finding pass.
enum IgnoreKeys {
    static let shape = Shape(
        "entry",
        help: "A finding that is let pass for a time, with a reason that others can judge.",
        blank: IgnoreDefinition(id: "", reason: "", expires: ""),
        locate: { passage, entry, reading in entry.span = reading.lines.span(of: passage.node) },
        fields: [
            .required(
                "id",
                \.id,
                .text("name"),
                help: "Any name of the vulnerability, or the fingerprint of a secret.",
                example: "CVE-2024-0001"
            ),
            .optional(
                "package",
                \.package,
                .text("package"),
                help: "Only in this package, or in what is built from this source.",
                example: "openssl"
            ),
            .required(
                "reason",
                \.reason,
                .text("reason"),
                help: "Why it may pass.",
                example: "the module is never loaded"
            ),
            .required(
                "expires",
                \.expires,
                .day,
                help: "The last day on which it is let pass.",
                example: "\"2026-12-31\""
            ),
        ]
    )

    /// A file of such entries: `ignore: [...]`.
    static let file = Shape(
        "ignore file",
        help: "Findings that are let pass for a time.",
        blank: [IgnoreDefinition](),
        fields: [
            .required(
                "ignore",
                \.self,
                .list(of: .object(shape), named: "entries"),
                help: "The entries.",
                example: "[{id: CVE-2024-0001, reason: not reachable, expires: \"2026-12-31\"}]"
            )
        ]
    )
}
