/// What becomes of instances that are not their release any more.
package struct DriftDefinition: Sendable, Hashable, Codable {
    package enum Response: String, Sendable, Hashable, Codable, CaseIterable {
        case replace
        case quarantine
        case alert
    }

    /// A difference that is let pass for a time.
    package struct Allowance: Sendable, Hashable, Codable {
        package var path: PathPattern
        package var reason: String
        /// The last day on which it holds.
        package var expires: String

        package init(path: PathPattern, reason: String, expires: String) {
            self.path = path
            self.reason = reason
            self.expires = expires
        }

        /// `today` is a day of the calendar.
        package func holds(on today: String) -> Bool { today <= expires }
    }

    package var respond: Response
    /// How long an instance in quarantine is kept.
    package var keep: Duration
    package var allow: [Allowance]
    /// The last day on which differences in a writable root are only learned; nil is never.
    package var learnUntil: String?

    package init(
        respond: Response = .replace,
        keep: Duration = .seconds(3600),
        allow: [Allowance] = [],
        learnUntil: String? = nil
    ) {
        self.respond = respond
        self.keep = keep
        self.allow = allow
        self.learnUntil = learnUntil
    }
}
