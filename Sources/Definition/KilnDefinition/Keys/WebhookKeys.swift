import KilnDiagnostics
import SystemPackage

/// The keys of a webhook.
enum WebhookKeys {
    static let shape = Shape(
        "webhook",
        help: """
            Who is told of what happens to a fleet, by `kiln serve`: each event is sent as JSON in a POST, in order, until it is \
            answered with a 2xx status. It may arrive twice, with the same `X-Kiln-Delivery`. Changing it replaces nothing.
            """,
        blank: WebhookDefinition(url: ""),
        fields: [
            .required(
                "url",
                \.url,
                .webhookURL,
                help: "Where events are sent.",
                example: "https://hooks.example.org/kiln"
            ),
            .standard(
                "events",
                \.events,
                .list(of: .eventWord, named: "events", isUnique: true),
                help: """
                    Which: words such as `rollout.finished`, or their first parts such as `rollout` for all of those; all events \
                    without it.
                    """,
                example: "[rollout.finished, release.quarantined]"
            ),
            .optional(
                "secret",
                \.secret,
                .webhookSecret,
                help: """
                    A file of the machine that runs the fleet, `file:/PATH`. With its content each body is signed: \
                    `X-Kiln-Signature-256: sha256=` and the HMAC-SHA256 in hex.
                    """,
                example: "file:/etc/keys/kiln-webhook"
            ),
        ]
    )
}

extension Syntax where Value == String {
    static var webhookURL: Syntax {
        .scalar(
            "URL of a webhook",
            expected: "a URL such as https://hooks.example.org/kiln",
            schema: pattern("^https?://[^/?#@\\s]+"),
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                let scheme = ["https://", "http://"].first(where: text.hasPrefix)
                let authority = text.dropFirst(scheme?.count ?? 0).prefix { !"/?#".contains($0) }
                let isPlain = text.utf8.allSatisfy { (33...126).contains($0) && $0 != 34 && $0 != 92 }
                guard scheme != nil, !authority.isEmpty, !authority.contains("@"), isPlain,
                    text.utf8.count <= 2048
                else {
                    // Not shown: what a receiver knows its senders by may stand in it.
                    throw ValueError(
                        "bad-url",
                        "this is no URL of a webhook",
                        hint:
                            "it starts with https:// or http:// and a host, without a login, spaces and quotes"
                    )
                }
                return text
            }
        )
    }

    static var eventWord: Syntax {
        .scalar(
            "event",
            expected: "an event such as rollout.finished",
            schema: ["enum": .array(EventWords.known.map(JSONValue.string))],
            shown: { .string($0) },
            parse: { text throws(ValueError) in
                guard EventWords.known.contains(text) else {
                    throw ValueError(
                        "unknown-event",
                        "there is no event \"\(ShownText.line(text))\"",
                        hint: Spelling.hint(for: text, in: EventWords.known)
                    )
                }
                return text
            }
        )
    }

    static var webhookSecret: Syntax {
        .scalar(
            "source of a secret",
            expected: "file:/PATH",
            schema: pattern("^file:/.+$"),
            shown: { .string("file:\($0)") },
            parse: { text throws(ValueError) in try SecretFile.parse(text).string }
        )
    }
}
