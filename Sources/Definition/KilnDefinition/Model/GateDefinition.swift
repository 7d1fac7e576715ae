package import KilnDiagnostics

/// What an image must hold to before a release is made of it. No part of the image itself.
package struct GateDefinition: Sendable, Hashable, Codable {
    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
        case low, medium, high, critical
    }

    /// What becomes of something that is found.
    package enum Answer: String, Sendable, Hashable, Codable, CaseIterable {
        case refuse, ignore
    }

    /// From which severity on a vulnerability refuses; nil leaves severities alone.
    package var severity: Severity?
    /// Vulnerabilities that nobody has mended yet.
    package var unfixed: Answer = .refuse
    /// Vulnerabilities that are known to be exploited, whatever their severity.
    package var exploited: Answer = .refuse
    package var secrets: Answer = .refuse
    /// A distribution, or a package of one, that gets no fixes any more.
    package var unsupported: Answer = .refuse
    /// What of packages is in the image and could not be read.
    package var unread: Answer = .refuse
    /// Packages of which the database of advisories can say nothing.
    package var unjudged: Answer = .refuse
    package var licences = LicenceRules()
    /// In days: the most that the newest package of the image's base may be old.
    package var baseAge: Int?
    /// In days: the most that the database may be old.
    package var databaseAge: Int?
    package var checks: Answer?
    /// Whether every step must be known to make the same bits again.
    package var verified: Bool = false
    /// Each of them must have signed the image.
    package var signature: [SignerName] = []
    package var ignored: [IgnoreDefinition] = []

    package init() {}

    /// What an earlier Kiln kept with a release may lack what is new since.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        severity = try values.decodeIfPresent(Severity.self, forKey: .severity)
        unfixed = try values.decodeIfPresent(Answer.self, forKey: .unfixed) ?? .refuse
        exploited = try values.decodeIfPresent(Answer.self, forKey: .exploited) ?? .refuse
        secrets = try values.decodeIfPresent(Answer.self, forKey: .secrets) ?? .refuse
        unsupported = try values.decodeIfPresent(Answer.self, forKey: .unsupported) ?? .refuse
        // It was not judged then.
        unread = try values.decodeIfPresent(Answer.self, forKey: .unread) ?? .ignore
        unjudged = try values.decodeIfPresent(Answer.self, forKey: .unjudged) ?? .ignore
        licences = try values.decodeIfPresent(LicenceRules.self, forKey: .licences) ?? LicenceRules()
        baseAge = try values.decodeIfPresent(Int.self, forKey: .baseAge)
        databaseAge = try values.decodeIfPresent(Int.self, forKey: .databaseAge)
        checks = try values.decodeIfPresent(Answer.self, forKey: .checks)
        verified = try values.decodeIfPresent(Bool.self, forKey: .verified) ?? false
        signature = try values.decodeIfPresent([SignerName].self, forKey: .signature) ?? []
        ignored = try values.decodeIfPresent([IgnoreDefinition].self, forKey: .ignored) ?? []
    }

    /// Whether a database of advisories is needed to judge by it.
    package var needsDatabase: Bool {
        severity != nil || exploited == .refuse || unsupported == .refuse || databaseAge != nil
    }
}

/// Licences that an image may not hold, as patterns of their names.
package struct LicenceRules: Sendable, Hashable, Codable {
    package var denied: [String] = []
    /// Packages that name no licence.
    package var unknown: GateDefinition.Answer = .ignore

    package init() {}
}

/// A finding that is taken note of and let pass for a time.
package struct IgnoreDefinition: Sendable, Hashable, Codable {
    /// Any name of a vulnerability, or the fingerprint of a secret.
    package var id: String
    package var package: String?
    package var reason: String
    /// The last day on which it holds, as `2026-12-31`.
    package var expires: String
    package var span: SourceSpan?

    package init(id: String, package: String? = nil, reason: String, expires: String) {
        self.id = id
        self.package = package
        self.reason = reason
        self.expires = expires
    }

    private enum CodingKeys: CodingKey {
        case id, package, reason, expires
    }
}
