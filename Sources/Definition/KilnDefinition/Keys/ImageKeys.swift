import SystemPackage

/// The keys of an image.
enum ImageKeys {
    static let shape = Shape(
        "image",
        help: """
            A golden image: what it stands on, what is added to that, and how an instance of it runs. What an image \
            does not say about running (`env`, `entrypoint`, `workdir`, `user`, `ports`, `health`, `state`, `stop`, `checks`) it \
            takes from the image that it stands on, as it does `profile`, `hardening` and `gate`; `env` is merged, variable by \
            variable.
            """,
        blank: ImageDraft(),
        rules: [.suits("base_signed_by", "from", prefix: "oci:")],
        locate: { passage, draft, reading in
            draft.image.span = reading.keySpan(passage.path)
            guard case .map(let entries) = passage.node.content else { return }
            for entry in entries {
                draft.image.spans[entry.name] = reading.keySpan(passage.path + entry.name)
            }
        },
        fields: content + running
    )

    private static let content: [Field<ImageDraft>] = [
        .required(
            "from",
            \.image.origin,
            .origin,
            help: """
                What the image stands on: `archive:NAME` (a minimal root from that archive), `image:NAME` (another \
                image of this file), `oci:REPOSITORY:TAG` or `oci:REPOSITORY@DIGEST` (an image of a registry; \
                `kiln.lock` pins its digest), `tar:FILE` (a root file system, plain or compressed) or `scratch` (nothing).
                """,
            example: "archive:debian"
        ),
        .standard(
            "base_signed_by",
            \.image.baseSignedBy,
            .list(of: .name("signer"), named: "signers", isUnique: true),
            help: """
                Of an image that stands on a registry's (`from: oci:`): who must have signed that, by their names in `trust`, each of \
                them. `kiln lock` pins no other (exit status 3).
                """,
            example: "[shop-ci]"
        ),
        .standard(
            "platforms",
            \.image.platforms,
            .list(of: .platform, named: "platforms", atLeast: 1, isUnique: true),
            help: """
                What the image is baked for, as OCI spells it; several make an image index. Without it the image is for what the \
                image that it stands on is for, and else for the machine that bakes. Packages and steps of another CPU run \
                under qemu (`kiln doctor`).
                """,
            example: "[linux/amd64, linux/arm64]"
        ),
        .standard(
            "archives",
            \.image.archives,
            .list(of: .name("archive"), named: "archive names", isUnique: true),
            help: """
                Further archives that packages may come from, besides the one that the image starts from; images that stand \
                on this one have them too.
                """,
            example: "[debian]"
        ),
        .standard(
            "packages",
            \.image.packages,
            .list(of: .package, named: "package names", isUnique: true),
            help: "Packages to install, by name; `kiln.lock` pins their versions.",
            example: "[ca-certificates, python3]"
        ),
        .standard(
            "pins",
            \.image.pins,
            .list(of: PinKeys.syntax, named: "pins"),
            help:
                "Which versions are preferred, here and in images that stand on this one; of two the first counts.",
            example: "[{package: curl, suite: bookworm-security}]"
        ),
        .standard(
            "debconf",
            \.image.debconf,
            .list(of: .object(DebconfKeys.shape), named: "debconf answers"),
            help: "Answers to what the image's own packages ask through debconf when they are configured.",
            example: "[{package: tzdata, question: tzdata/Areas, type: select, value: Europe}]"
        ),
        .standard(
            "downloads",
            \.image.downloads,
            .list(of: .object(DownloadKeys.shape), named: "downloads"),
            help:
                "Files from the network; `kiln.lock` pins each by its digest, and bakes then need no network.",
            example: "[{url: https://example.org/app-1.4.2.tar.gz, target: /opt/app, unpack: true}]"
        ),
        .optional(
            "version",
            \.image.version,
            .version,
            help: "The version of what the image holds, for people and labels.",
            example: "1.4.2"
        ),
        .standard(
            "users",
            \.image.users,
            .list(of: .object(UserKeys.shape), named: "users"),
            help: "System users to add, each with a group of the same name and number.",
            example: "[{name: shop, uid: 10001}]"
        ),
        .standard(
            "files",
            \.image.files,
            .list(of: .object(FileKeys.imageShape), named: "files"),
            help: "Files and folders to copy from beside the definition.",
            example: "[{source: app/server.py, target: /opt/shop/server.py}]"
        ),
        .standard(
            "steps",
            \.image.steps,
            .list(of: .object(StepKeys.shape), named: "steps"),
            help: "Scripts to run inside the image, in order, after everything else, without a network.",
            example: "[{run: scripts/install.sh}]"
        ),
        .optional(
            "profile",
            \.image.profile,
            .choice("profile"),
            help: """
                `hardened` ends the image, and each one that stands on it, with a layer that takes out what an attacker \
                inside would look for first: setuid and setgid bits and file capabilities, passwords, login shells of \
                system users, what everybody may write, and cron jobs that nothing runs.
                """,
            example: "hardened"
        ),
        .standard(
            "hardening",
            \.image.hardening,
            .object(HardeningKeys.shape),
            help: "How far the profile `hardened` goes.",
            example: "{keep_setuid: [/usr/bin/sudo]}"
        ),
    ]

    private static let running: [Field<ImageDraft>] = [
        .standard(
            "env",
            \.image.env,
            .environment,
            help: "Variables of the instance's processes.",
            example: "{LOG_LEVEL: info}"
        ),
        .standard(
            "entrypoint",
            \.image.entrypoint,
            .list(of: .text("argument"), named: "arguments", atLeast: 1),
            help: "The program that an instance runs, with its arguments; no shell reads it.",
            example: "[python3, /opt/shop/server.py]"
        ),
        .optional(
            "workdir",
            \.image.workingDirectory,
            .imagePath,
            help: "The folder that the program starts in; `/` without it.",
            example: "/opt/shop"
        ),
        .optional(
            "user",
            \.image.user,
            .user,
            help:
                "The user that the program runs as: a name of `users` or of the image, or a number; root without it.",
            example: "shop"
        ),
        .standard(
            "ports",
            \.image.ports,
            .map(.name("port"), to: .port, example: "http", named: "port names to numbers"),
            help:
                "The ports that an instance listens on, by name. A fleet's `listen` leads to `http`, or to the only one.",
            example: "{http: 8080}"
        ),
        .optional(
            "health",
            \.health,
            .object(HealthKeys.shape),
            help: "How an instance is asked whether it is well. Without it, running is enough.",
            example: "{http: {port: http, path: /healthz}}"
        ),
        .standard(
            "state",
            \.image.state,
            .list(of: StateKeys.syntax, named: "state paths"),
            help: "The paths of an instance that may be written; everything else is read-only.",
            example: "[{path: /var/lib/shop, volume: data}]"
        ),
        .standard(
            "stop",
            \.image.stop,
            .object(StopKeys.shape),
            help: "How an instance is asked to end.",
            example: "{signal: TERM, grace: 10s}"
        ),
        .standard(
            "checks",
            \.checks,
            .list(of: .object(CheckKeys.shape), named: "checks"),
            help: "What must be so before a release is made of the image; `kiln test` asks it.",
            example: "[{http: {path: /healthz, status: 200}}, {run: [java, -version]}]"
        ),
        .optional(
            "gate",
            \.image.gate,
            .object(GateKeys.shape),
            help:
                "What must hold before a release is made of the image; images that stand on it have it too, unless they have their own.",
            example: "{severity: high, unfixed: ignore}"
        ),
    ]
}
