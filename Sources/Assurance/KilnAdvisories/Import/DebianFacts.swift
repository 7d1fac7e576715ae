/// What Debian's security tracker says of one source and one vulnerability, for one release, and what follows from it.
package struct DebianFacts: Sendable, Hashable {
    /// A line of the tracker for a release.
    package enum Line: Sendable, Hashable {
        case fixed(String)
        /// Not fixed; the word is `unfixed`, `no-dsa`, `postponed`, `ignored` or `end-of-life`.
        case open(String)
        case notAffected
        case undetermined
    }

    /// The release's own line, which goes before sid's; nil when it has none.
    package var line: Line?
    package var sid: Line?
    /// The newest version that the archive has of the source in the release; nil when that is not known.
    package var archive: String?
    package var urgency: DebianUrgency

    package init(line: Line?, sid: Line?, archive: String?, urgency: DebianUrgency = .none) {
        self.line = line
        self.sid = sid
        self.archive = archive
        self.urgency = urgency
    }

    /// Whether a package is vulnerable before a version (or ever, without one), or nothing needs to be said of it.
    package enum Verdict: Sendable, Hashable {
        case vulnerable(before: String?, AdvisoryStatus, reason: String?)
        case notAffected
        case undetermined
    }

    package func verdict() throws(VersionSyntaxError) -> Verdict {
        switch line {
        case .notAffected: return .notAffected
        case .undetermined: return .undetermined
        case .fixed(let version):
            // Announced, and not in the archive yet: nobody can install it.
            if try archive.map({ (archive) throws(VersionSyntaxError) in try Self.isBefore(archive, version) }
            ) ?? false {
                return .vulnerable(
                    before: nil,
                    .affected,
                    reason: "fixed in \(version), which is not released yet"
                )
            }
            return .vulnerable(before: version, .fixed, reason: nil)
        case .open(let word):
            // A line from before sid's fix came into the release.
            if let version = try fixOfSid() { return .vulnerable(before: version, .fixed, reason: nil) }
            return .vulnerable(before: nil, status(of: word), reason: word)
        case nil: return try verdictOfSid()
        }
    }

    private func verdictOfSid() throws(VersionSyntaxError) -> Verdict {
        switch sid {
        case .notAffected: return .notAffected
        case .undetermined: return .undetermined
        default:
            if let version = try fixOfSid() { return .vulnerable(before: version, .fixed, reason: nil) }
            return .vulnerable(before: nil, status(of: "unfixed"), reason: "unfixed")
        }
    }

    /// The version that fixed it in sid, where the release has come that far.
    private func fixOfSid() throws(VersionSyntaxError) -> String? {
        guard case .fixed(let version)? = sid, let archive, try !Self.isBefore(archive, version) else {
            return nil
        }
        return version
    }

    private func status(of word: String) -> AdvisoryStatus {
        if urgency == .endOfLife { return .endOfLife }
        switch word {
        case "postponed", "ignored": return .fixDeferred
        case "end-of-life": return .endOfLife
        default: return .affected
        }
    }

    private static func isBefore(_ left: String, _ right: String) throws(VersionSyntaxError) -> Bool {
        try VersionScheme.debian.key(of: left) < VersionScheme.debian.key(of: right)
    }

    /// The line that a kind and a version make; `0` is the tracker's way to say "never affected".
    static func line(_ kind: String, fixed: String?, word: String) -> Line? {
        switch kind {
        case "not-affected": .notAffected
        case "undetermined": .undetermined
        case "fixed", "resolved": fixed.map { $0 == "0" ? .notAffected : .fixed($0) } ?? .open("unfixed")
        case "sid-fixed": nil
        default: .open(word)
        }
    }

    /// The package as the database keeps it; nil, and counted, where there is nothing to keep.
    func affected(
        _ ecosystem: Ecosystem,
        _ package: String,
        _ id: String,
        _ report: inout ImportReport
    ) throws(VersionSyntaxError) -> Advisory.Affected? {
        switch try verdict() {
        case .notAffected:
            report.skip(.notAffected, id)
            return nil
        case .undetermined:
            report.skip(.undetermined, id)
            return nil
        case .vulnerable(let version, let status, let reason):
            var interval = VersionInterval(fixed: version)
            if let version {
                interval.upper = .init(try VersionScheme.debian.key(of: version), isInclusive: false)
            }
            return Advisory.Affected(
                ecosystem,
                package,
                [interval],
                status: status,
                urgency: urgency,
                reason: reason
            )
        }
    }
}
