/// The keys of a fleet.
enum FleetKeys {
    static let shape = Shape(
        "fleet",
        help: "Identical instances of one image, and the policy they are run by.",
        blank: FleetDefinition(image: ""),
        locate: { passage, fleet, reading in fleet.span = reading.keySpan(passage.path) },
        fields: [
            .required(
                "image",
                \.image,
                .name("image"),
                help: "The image, by its name in this file.",
                example: "shop"
            ),
            .standard(
                "platform",
                \.platform,
                .word("platform", ["local"]),
                help: "Where instances run: `local` is this machine.",
                example: "local"
            ),
            .standard(
                "instances",
                \.instances,
                .number("number of instances", in: 0...1000),
                help: "How many instances run.",
                example: "3"
            ),
            .optional(
                "listen",
                \.listen,
                .listeners,
                help: """
                    Where the fleet's balancer listens: an address of this machine and a port, `127.0.0.1:8080`; or one listener, \
                    or a list of them, for several ports, TLS, and what is no HTTP. Changing it replaces nothing.
                    """,
                example: "127.0.0.1:8080"
            ),
            .standard(
                "needs",
                \.needs,
                .list(of: .name("fleet"), named: "fleets", isUnique: true),
                help: """
                    Fleets that are to serve before this one starts. Instances reach each one that listens under its own \
                    name, at the ports of its `listen`.
                    """,
                example: "[]"
            ),
            .standard(
                "resources",
                \.resources,
                .object(resources),
                help: "What one instance may use.",
                example: "{memory: 512MiB, cpu: 1}"
            ),
            .standard(
                "config",
                \.config,
                .object(config),
                help: "What a release brings besides its image.",
                example: "{env: {LOG_LEVEL: info}}"
            ),
            .standard(
                "secrets",
                \.secrets,
                .list(of: .object(FleetSecretKeys.shape), named: "secrets"),
                help: "Values that instances read, by where the machine keeps them.",
                example: "[{name: db-password, from: file:/etc/keys/db-password}]"
            ),
            .standard(
                "before",
                \.before,
                .list(of: .object(BeforeKeys.shape), named: "commands"),
                help: "What runs once, in this order, before a release's first instance.",
                example: "[{run: [/opt/shop/migrate]}]"
            ),
            .standard(
                "rollout",
                \.rollout,
                .object(RolloutKeys.shape),
                help: "How a release is replaced by the next.",
                example: "{surge: 1, unavailable: 0}"
            ),
            .standard(
                "drift",
                \.drift,
                .object(DriftKeys.shape),
                help: "What becomes of instances that are not their release any more.",
                example: "{respond: replace}"
            ),
            .standard(
                "writable_root",
                \.writableRoot,
                .flag,
                help: """
                    Whether instances may write to their root: into a layer of their own, in memory, that counts as the instance's \
                    memory, is watched, and is gone with the instance. For applications that cannot do without; what they may write \
                    is named in `drift: {allow: …}`.
                    """,
                example: "true"
            ),
            .optional(
                "max_age",
                \.maxAge,
                .positiveDuration,
                help: """
                    How old an instance may become: `kiln serve` replaces those that are older by fresh ones of the same \
                    release, one after another.
                    """,
                example: "168h"
            ),
            .standard(
                "signed_by",
                \.signedBy,
                .list(of: .name("signer"), named: "signers", isUnique: true),
                help: """
                    Who must have signed an image before a release is made of it, by their names in `trust`: each of them. Judged \
                    once, when the release is made; exit status 3 when a signature is missing.
                    """,
                example: "[shop-ci]"
            ),
            .standard(
                "webhooks",
                \.webhooks,
                .list(of: .object(WebhookKeys.shape), named: "webhooks"),
                help: "Who is told of what happens to it.",
                example: "[{url: https://hooks.example.org/kiln, events: [rollout.finished]}]"
            ),
        ]
    )

    private static let resources = Shape(
        "resources",
        help: "The limits of one instance.",
        blank: ResourceDefinition(),
        fields: [
            .standard("memory", \.memory, .memory, help: "Memory.", example: "512MiB"),
            .standard("cpu", \.cpu, .cores, help: "Processor cores; `0.5` is half of one.", example: "1"),
            .standard(
                "pids",
                \.pids,
                .number("number of processes", in: 1...4_194_304),
                help: "Processes and threads.",
                example: "256"
            ),
        ]
    )

    private static let config = Shape(
        "config",
        help: """
            Variables and files that a release fixes beside its image, so that a rollback brings them back with it.
            """,
        blank: ConfigDefinition(),
        fields: [
            .standard(
                "env",
                \.env,
                .environment,
                help: "Variables, on top of the image's.",
                example: "{LOG_LEVEL: info}"
            ),
            .standard(
                "files",
                \.files,
                .list(of: .object(FileKeys.shape), named: "files"),
                help: "Files, on top of the image's.",
                example: "[{source: conf/shop.properties, target: /etc/shop.properties}]"
            ),
            .standard(
                "from",
                \.sources,
                .list(of: .object(ConfigSourceKeys.shape) { draft, _ in draft.source }, named: "sources"),
                help:
                    "Stores that are asked when a release is made; later ones over earlier ones, `env` over all.",
                example: "[{store: shop}]"
            ),
        ]
    )
}
