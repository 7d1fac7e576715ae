package import KilnDefinition
import KilnSystem

/// What a listener shows to those who connect, and until when it is valid.
package struct ListenerCertificate: Sendable, Hashable, Codable {
    /// Where it listens.
    package let address: String
    /// Seconds since 1970; nil where it has none to show and stays closed.
    package let expires: Int64?
    /// Why what its files hold now is not shown.
    package let trouble: String?

    package init(address: String, expires: Int64?, trouble: String? = nil) {
        self.address = address
        self.expires = expires
        self.trouble = trouble
    }

    /// Days before its end from which people are told of it.
    package static let warnedDays: Int64 = 30

    /// For people, each a sentence: what is wrong with its files, and once its end is near.
    package func warnings(now: Int64) -> [String] {
        guard let expires else {
            return ["\(address) is closed: " + (trouble ?? "its certificate was not read yet")]
        }
        let refusal = trouble.map { "the certificate in the files of \(address) is not shown: \($0)" }
        return [refusal, ending(expires, now)].compactMap(\.self)
    }

    private func ending(_ expires: Int64, _ now: Int64) -> String? {
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
        /// There is none before, and nobody can connect.
        case closed(reason: String)
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
        case .closed(let reason): "\(address) stays closed, since its certificate cannot be used: \(reason)"
        }
    }
}
