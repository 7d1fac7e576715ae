package import KilnAdvisories
package import KilnDefinition
package import KilnOCI

/// What a gate found when a release was to be made; kept with the release.
package struct GateVerdict: Sendable, Hashable, Codable {
    /// The rules of a gate, as they are told.
    package enum Rule: String, Sendable, Hashable, Codable {
        case unread, unjudged, severity, exploited, unsupported
        case secrets, licences, checks, verified, signature
        case baseAge = "base_age"
        case databaseAge = "database_age"
        /// There is no database to judge by.
        case database
    }

    package struct Refusal: Sendable, Hashable, Codable {
        package let rule: Rule
        /// What does not hold, one fact in each.
        package let facts: [String]
        package let remedy: String
        /// The vulnerabilities that it is about, by name and sorted.
        package var vulnerabilities: [String]

        package init(_ rule: Rule, _ facts: [String], remedy: String, vulnerabilities: [String] = []) {
            self.rule = rule
            self.facts = facts
            self.remedy = remedy
            self.vulnerabilities = vulnerabilities
        }
    }

    /// Who let the release be made all the same, and why.
    package struct Override: Sendable, Hashable, Codable {
        package let author: String
        package let why: String

        package init(author: String, why: String) {
            self.author = author
            self.why = why
        }
    }

    package let image: Digest
    /// Seconds since 1970.
    package let judged: Int64
    /// Of the database; nil where none was needed, or none is there.
    package let database: Digest?
    package let databaseDate: String?
    package let rules: GateDefinition
    package let refusals: [Refusal]
    /// What an ignore entry let pass, with its reason.
    package let letPass: [String]
    package var override: Override?

    package var passed: Bool { refusals.isEmpty }

    /// `passed`, `overridden by kim: …`, for lists.
    package var shown: String {
        if passed { return "passed" }
        return override.map { "overridden by \($0.author): \($0.why)" } ?? "refused"
    }
}

/// What a gate judges by.
package struct GateFacts: Sendable {
    package var image: Digest
    package var imageName: ImageName
    package var now: Moment
    /// nil where there is no database.
    package var database: (digest: Digest, date: Moment)?
    package var findings: Judgement
    /// Package databases and archives that could not be read whole, by path and reason.
    package var unread: [String] = []
    /// Packages of which the database can say nothing.
    package var unjudged: [UnjudgedPackage] = []
    package var unsupported: [UnsupportedPackage] = []
    /// The day on which the distribution's support ended, if it has.
    package var endOfLife: CalendarDate?
    package var secrets: [FoundSecret] = []
    /// Packages and the licences that they name.
    package var licences: [(package: String, licences: [String])] = []
    /// When the newest package of the image at the bottom was made; nil when that cannot be told.
    package var baseMade: Moment?
    package var hasChecks = true
    /// Layers that are not known to come out the same, by what made them.
    package var unverified: [String] = []
    /// Who signed it; nil where nobody looked.
    package var signature: Signature?

    package struct Signature: Sendable, Hashable {
        /// Those who must have signed and did not.
        package let missing: [String]
        /// Why what lies beside the image does not count.
        package let flaws: [String]

        package init(missing: [String], flaws: [String]) {
            self.missing = missing
            self.flaws = flaws
        }
    }

    package init(image: Digest, imageName: ImageName, now: Moment, findings: Judgement) {
        self.image = image
        self.imageName = imageName
        self.now = now
        self.findings = findings
    }
}
