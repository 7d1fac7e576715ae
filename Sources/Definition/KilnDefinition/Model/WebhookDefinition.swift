/// Who is told over HTTP of what happens to a fleet.
package struct WebhookDefinition: Sendable, Hashable, Codable {
    package var url: String
    /// Words of events (`rollout.finished`) or their first parts (`rollout`); empty is for all.
    package var events: [String]
    /// The file of this machine whose content signs what is sent; nil leaves it unsigned.
    package var secret: String?

    package init(url: String, events: [String] = [], secret: String? = nil) {
        self.url = url
        self.events = events
        self.secret = secret
    }

    package func wants(_ event: String) -> Bool {
        events.isEmpty || events.contains { $0 == event || event.hasPrefix("\($0).") }
    }

    /// For messages and metrics: the host alone, since the rest of a URL may be what a receiver knows its senders by.
    package var shownHost: String {
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        return String(rest.prefix { !"/?#".contains($0) })
    }
}

/// The words by which events are known (`kiln events --format json`).
package enum EventWords {
    package static let all = [
        "certificate.refused", "certificate.renewed",
        "fleet.created", "fleet.destroyed", "fleet.frozen", "fleet.healing", "fleet.alert",
        "instance.condemned",
        "instance.created", "instance.debug-ended", "instance.debugged", "instance.drifted",
        "instance.failed", "instance.found", "instance.leaving",
        "instance.removed",
        "instance.serving", "instance.unhealthy", "platform.trouble", "policy.changed", "release.made",
        "release.quarantine-lifted", "release.quarantined", "release.stable", "release.submitted",
        "rollout.aborted",
        "rollout.analysis",
        "rollout.baking", "rollout.before", "rollout.finished", "rollout.paused", "rollout.promoted",
        "rollout.resumed",
        "rollout.rolling-back", "rollout.started", "rollout.step", "webhook.given-up",
    ]

    /// With the first parts, which mean all that begin with them.
    static let known = all + Set(all.map { String($0.prefix { $0 != "." }) }).sorted()
}
