import KilnOCI

/// A secret that was found. It never holds the secret itself.
package struct SecretFinding: Sendable, Hashable, Codable {
    package let kind: SecretKind
    /// Without a leading `/`; `environment` of what is no file.
    package let path: String
    /// From 1; nil where a line means nothing.
    package let line: Int?
    /// The account, variable or host that it is for.
    package let subject: String?
    /// Sixteen hex digits, the same wherever the same secret stands. Of what a person may have thought up it is made from place and name alone, since a digest of a weak
    /// password can be tried out.
    package let fingerprint: String

    init(_ kind: SecretKind, _ secret: some Sequence<UInt8>, path: String, line: Int?, subject: String? = nil)
    {
        self.kind = kind
        self.path = path
        self.line = line
        self.subject = subject.map { String($0.prefix(80)) }
        let place = "\(path)\u{0}\(subject ?? "")"
        let told = kind.isGuessable ? Array(place.utf8) : Array(secret)
        fingerprint = String(Digest(of: Array("\(kind.rawValue)\u{0}".utf8) + told).hex.prefix(16))
    }

    init(copying other: SecretFinding, line: Int?, subject: String?) {
        kind = other.kind
        path = other.path
        fingerprint = other.fingerprint
        self.line = line
        self.subject = subject
    }

    /// In the order of reports.
    package static func precedes(_ left: SecretFinding, _ right: SecretFinding) -> Bool {
        if left.path != right.path { return left.path < right.path }
        if left.line != right.line { return (left.line ?? 0) < (right.line ?? 0) }
        if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
        return (left.subject ?? "", left.fingerprint) < (right.subject ?? "", right.fingerprint)
    }
}
