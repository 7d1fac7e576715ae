import SystemPackage

/// The keys of a listener.
enum ListenerKeys {
    struct Draft: Sendable {
        var address = ListenAddress(address: "", port: 0)
        var port: PortReference?
        var mode = Listener.Mode.http
        var tls: ListenerTLS?
        var redirect: Redirect?
    }

    enum Redirect: String, Sendable, CaseIterable {
        case https
    }

    static let shape = Shape(
        "listener",
        help: "An address that a fleet's balancer listens on, and what becomes of what comes in.",
        blank: Draft(),
        rules: [.excludes("redirect", ["port", "mode", "tls"])],
        fields: [
            .required(
                "address",
                \.address,
                .listen,
                help: "An address of this machine and a port; an IPv6 address in brackets.",
                example: "0.0.0.0:8443"
            ),
            .optional(
                "port",
                \.port,
                .portReference,
                help: """
                    Where it leads: a name of the image's `ports`, or a number; `http`, or the only one, without it. An instance \
                    is healthy by its image's `health`, whatever the port.
                    """,
                example: "http"
            ),
            .standard(
                "mode",
                \.mode,
                .choice("mode"),
                help: "`http`, or `tcp` for anything else: bytes are passed on as they come.",
                example: "http"
            ),
            .optional(
                "tls",
                \.tls,
                .object(tls),
                help: "Speaks TLS with clients; instances get what is inside.",
                example: "{certificate: file:/etc/keys/shop.pem}"
            ),
            .optional(
                "redirect",
                \.redirect,
                .choice("redirect"),
                help: "Answers every request with the same address under https, at the fleet's own listener.",
                example: "https"
            ),
        ]
    )

    private static let tls = Shape(
        "listener TLS",
        help: """
            Certificate and key are files of the machine, read when the balancer starts and whenever they changed: with `kiln \
            apply`, and within seconds under `kiln serve`. They are copied nowhere but into memory.
            """,
        blank: ListenerTLS(certificate: ""),
        rules: [.needs("client_required", "client_ca")],
        fields: [
            .required(
                "certificate",
                \.certificate,
                .pemFile,
                help:
                    "The certificate, and after it the ones that lead to its authority; `file:/PATH` of a PEM file.",
                example: "file:/etc/keys/shop.pem"
            ),
            .optional(
                "key",
                \.key,
                .pemFile,
                help: "Its key, without a passphrase; in the certificate's file without it.",
                example: "file:/etc/keys/shop.key"
            ),
            .standard(
                "min_version",
                \.minVersion,
                .choice("TLS version"),
                help: "The oldest version of TLS that is spoken.",
                example: "\"1.3\""
            ),
            .optional(
                "client_ca",
                \.clientCA,
                .pemFile,
                help:
                    "The authorities whose certificates clients show; no client is asked for one without it.",
                example: "file:/etc/keys/clients.pem"
            ),
            .standard(
                "client_required",
                \.clientRequired,
                .flag,
                help: "Whether a client without a certificate is refused.",
                example: "true"
            ),
        ]
    )
}

extension ListenerKeys.Draft {
    var listener: Listener {
        Listener(address, port: port, mode: mode, tls: tls, redirects: redirect != nil)
    }
}

extension Syntax where Value == Listeners {
    /// An address, a listener, or a list of both.
    static var listeners: Syntax {
        let one = Syntax<Listener>.listener
        let list = Syntax<[Listener]>.list(of: one, named: "listeners", atLeast: 1)
        return Syntax(
            facts: SyntaxFacts(
                name: "address, listener or list of listeners",
                expected: "an address such as 127.0.0.1:8080, a listener, or a list of those",
                schema: ["anyOf": .array([one.facts.schema, list.facts.schema])],
                layout: .list(one.facts)
            ),
            read: { passage, reading in
                if case .list = passage.node.content {
                    return list.read(passage, &reading).map(Listeners.init)
                }
                return one.read(passage, &reading).map { Listeners([$0]) }
            },
            shown: { _ in nil }
        )
    }
}

extension Syntax where Value == Listener {
    /// An address alone, or with more to say.
    fileprivate static var listener: Syntax {
        let address = Syntax<ListenAddress>.listen
        let object = Syntax.object(ListenerKeys.shape) { draft, _ in draft.listener }
        return Syntax(
            facts: SyntaxFacts(
                name: "listener",
                expected: "an address such as 127.0.0.1:8080, or a listener",
                schema: ["anyOf": .array([address.facts.valueSchema, object.facts.schema])],
                layout: object.facts.layout
            ),
            read: { passage, reading in
                if case .map = passage.node.content { return object.read(passage, &reading) }
                return address.read(passage, &reading).map { Listener($0) }
            },
            shown: { _ in nil }
        )
    }
}

extension Syntax where Value == String {
    static var pemFile: Syntax {
        .scalar(
            "PEM file",
            expected: "file:/PATH",
            schema: pattern("^file:/.+$"),
            shown: { .string("file:\($0)") },
            parse: { text throws(ValueError) in
                // Who takes a file's content for its place is not shown it again.
                if text.contains("-----BEGIN") {
                    throw ValueError(
                        "bad-secret",
                        "this is no place of a PEM file",
                        hint: "write its content to a file of the machine, then: file:/PATH"
                    )
                }
                return try SecretFile.parse(text).string
            }
        )
    }
}
