import KilnSecrets

/// A secret that was left out. It never holds the secret itself.
package struct AdoptSecret: Sendable, Hashable, Encodable {
    /// From the root.
    package var path: String
    package var kind: String
    /// What it is, for people.
    package var what: String
    package var line: Int?
    /// The account, variable or host that it is for.
    package var subject: String?

    package init(path: String, kind: String, what: String, line: Int? = nil, subject: String? = nil) {
        self.path = path
        self.kind = kind
        self.what = what
        self.line = line
        self.subject = subject
    }

    init(_ finding: SecretFinding, path: String, line: Int?) {
        self.init(
            path: path,
            kind: finding.kind.rawValue,
            what: finding.kind.words,
            line: line ?? finding.line,
            subject: finding.subject
        )
    }

    func named(_ name: String?) -> AdoptSecret {
        var secret = self
        secret.subject = name
        return secret
    }
}
