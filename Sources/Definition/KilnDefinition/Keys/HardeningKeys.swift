/// The keys of how far a hardened image goes.
enum HardeningKeys {
    static let shape = Shape(
        "hardening",
        help: "How far the profile `hardened` goes.",
        blank: HardeningDefinition(),
        fields: [
            .standard(
                "keep_setuid",
                \.keptSetuid,
                .list(of: .imagePath, named: "paths", isUnique: true),
                help: "Programs that keep their setuid and setgid bits and their file capabilities.",
                example: "[/usr/bin/sudo]"
            ),
            .standard(
                "package_manager",
                \.packageManager,
                .choice("package manager"),
                help: """
                    `remove` takes apt and dpkg out, with their caches and scripts. What is installed stays recorded in \
                    `/var/lib/dpkg` for scanners; no image on this one can add packages.
                    """,
                example: "keep"
            ),
        ]
    )
}
