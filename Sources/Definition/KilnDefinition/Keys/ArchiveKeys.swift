/// The keys of an archive.
enum ArchiveKeys {
    static let shape = Shape(
        "archive",
        help: "A Debian-style package archive: where packages come from, and whose signature is trusted.",
        blank: ArchiveDefinition(suites: []),
        locate: { passage, archive, reading in archive.span = reading.keySpan(passage.path) },
        fields: [
            .standard(
                "mirror",
                \.mirror,
                .mirror,
                help: """
                    `host` takes the machine's own apt sources whose suites match; a URL (`https:`, `http:` or `file:`) \
                    names the folder that holds `dists/` and `pool/`.
                    """,
                example: "host"
            ),
            .required(
                "suites",
                \.suites,
                .list(
                    of: .archivePart("suite", such: "bookworm"),
                    named: "suites",
                    atLeast: 1,
                    isUnique: true
                ),
                help: "The suites that packages may come from.",
                example: "[bookworm, bookworm-updates, bookworm-security]"
            ),
            .standard(
                "components",
                \.components,
                .list(
                    of: .archivePart("component", such: "main"),
                    named: "components",
                    atLeast: 1,
                    isUnique: true
                ),
                help: "The components of each suite.",
                example: "[main]"
            ),
            .standard(
                "keyring",
                \.keyring,
                .file,
                help: """
                    The keys that may sign the archive. An absolute path names a file of the machine, any other one \
                    beside the definition.
                    """,
                example: "/usr/share/keyrings/debian-archive-keyring.gpg"
            ),
            .standard(
                "recommends",
                \.recommends,
                .flag,
                help: """
                    Whether the packages that a package recommends are installed with it. The archive that an image starts \
                    from decides.
                    """,
                example: "false"
            ),
            .optional(
                "priority",
                \.priority,
                .number("priority", in: 1...1000),
                help: """
                    How much its versions are preferred to those of an image's other archives, as apt_preferences(5) counts: \
                    the highest priority wins, then the newest version. Without it, apt's own: 500, and 100 for a suite \
                    like backports.
                    """,
                example: "600"
            ),
        ]
    )
}
