import KilnDiagnostics

/// The keys of a source of configuration.
enum ConfigSourceKeys {
    static let shape = Shape(
        "configuration source",
        help: """
            A store that is asked once, when a release is made: what it said then is part of the release, and comes back with it. \
            Keys become variables (in capitals, with `_` for what is neither letter nor digit), or with `key` and `target` one key \
            becomes a file.
            """,
        blank: ConfigSourceDraft(),
        rules: [
            .exactlyOne(["store", "etcd"]), .needs("prefix", "etcd"), .needs("key", "target"),
            .needs("target", "key"), .needs("owner", "target"), .needs("mode", "target"),
            .needs("ca", "etcd"), .needs("certificate", "etcd"), .needs("private_key", "certificate"),
            .needs("certificate", "private_key"), .needs("user", "etcd"), .needs("password_file", "user"),
            .needs("user", "password_file"),
        ],
        locate: { passage, source, reading in source.span = reading.lines.span(of: passage.node) },
        fields: place + use + access
    )

    private static let place: [Field<ConfigSourceDraft>] = [
        .optional(
            "store",
            \.store,
            .configPath,
            help:
                "Kiln's own store on this machine, kept encrypted: what `kiln config set` put below this path.",
            example: "shop/prod"
        ),
        .optional(
            "etcd",
            \.etcd,
            .etcdURL,
            help: "An etcd server, version 3.4 or later.",
            example: "https://etcd.example.org:2379"
        ),
        .optional(
            "prefix",
            \.prefix,
            .text("prefix"),
            help: "All keys that begin with it, each by what follows.",
            example: "/shop/prod/"
        ),
    ]

    private static let use: [Field<ConfigSourceDraft>] = [
        .optional("key", \.key, .text("key"), help: "The one key that is wanted.", example: "app.conf"),
        .optional(
            "target",
            \.target,
            .imagePath,
            help: "The file that it becomes.",
            example: "/etc/shop/app.conf"
        ),
        .standard(
            "owner",
            \.owner,
            .user,
            help: "The file's owner; the group is the user's own.",
            example: "root"
        ),
        .optional(
            "mode",
            \.mode,
            .mode,
            help: "The file's permission bits; `0644` without it.",
            example: "\"0640\""
        ),
    ]

    private static let access: [Field<ConfigSourceDraft>] = [
        .optional(
            "ca",
            \.ca,
            .file,
            help: "Who may have signed the server's certificate, instead of the machine's authorities.",
            example: "/etc/kiln/etcd-ca.pem"
        ),
        .optional(
            "certificate",
            \.certificate,
            .file,
            help: "The certificate that this machine shows.",
            example: "/etc/kiln/etcd.pem"
        ),
        .optional(
            "private_key",
            \.privateKey,
            .file,
            help: "Its key.",
            example: "/etc/kiln/etcd-key.pem"
        ),
        .optional("user", \.user, .text("user"), help: "The user that asks.", example: "kiln"),
        .optional(
            "password_file",
            \.passwordFile,
            .file,
            help: "Where this machine keeps the user's password.",
            example: "/etc/kiln/etcd-password"
        ),
    ]
}

extension Syntax where Value == String {
    static var configPath: Syntax {
        .scalar(
            "path",
            expected: "a path of the configuration store, such as shop/prod",
            schema: pattern(ConfigName.pathPattern),
            shown: { .string($0) },
            parse: ConfigName.path
        )
    }

    static var etcdURL: Syntax {
        .scalar(
            "URL",
            expected: "a URL such as https://etcd.example.org:2379",
            schema: pattern("^https?://[^/@?#]+/?$"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let rest = ["https://", "http://"].first(where: text.hasPrefix).map {
                    text.dropFirst($0.count)
                }
                let host = rest.map { $0.hasSuffix("/") ? $0.dropLast() : $0 } ?? ""
                let isHost = host.utf8.allSatisfy { (33...126).contains($0) && !"/@?#\"\\".utf8.contains($0) }
                guard isHost, !host.isEmpty else {
                    throw ValueError(
                        "bad-url",
                        "\"\(ShownText.line(text))\" is no URL of an etcd server",
                        hint: "https://HOST:PORT, without a path; a user goes into user and password_file"
                    )
                }
                return text.hasSuffix("/") ? String(text.dropLast()) : text
            }
        )
    }
}
