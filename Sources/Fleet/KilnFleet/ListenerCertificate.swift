package import KilnDefinition
import KilnSystem

/// Until when a listener's certificate is valid.
package struct ListenerCertificate: Sendable, Hashable, Codable {
    /// Where it listens.
    package let address: String
    /// Seconds since 1970.
    package let expires: Int64

    package init(address: String, expires: Int64) {
        self.address = address
        self.expires = expires
    }

    /// Days before its end from which people are told of it.
    package static let warnedDays: Int64 = 30

    /// For people, once its end is near; nil before.
    package func warning(now: Int64) -> String? {
        let days = (expires - now) / 86_400
        if expires <= now { return "the certificate of \(address) expired at \(WallClock.format(expires))" }
        if days >= Self.warnedDays { return nil }
        let left = days == 0 ? "less than a day" : days == 1 ? "1 day" : "\(days) days"
        return "the certificate of \(address) expires in \(left), at \(WallClock.format(expires))"
    }
}

/// What became of a certificate whose files changed.
package struct CertificateNews: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// In seconds since 1970.
        case renewed(expires: Int64)
        /// The one before is shown on.
        case refused(reason: String)
    }

    package let address: ListenAddress
    package let outcome: Outcome

    package init(_ address: ListenAddress, _ outcome: Outcome) {
        self.address = address
        self.outcome = outcome
    }

    var kind: FleetEvent.Kind {
        if case .renewed = outcome { .certificateRenewed } else { .certificateRefused }
    }

    package var message: String {
        switch outcome {
        case .renewed(let expires):
            "the certificate of \(address) is renewed; it expires at \(WallClock.format(expires))"
        case .refused(let reason):
            "the new certificate of \(address) is refused, the one before is shown on: \(reason)"
        }
    }
}
